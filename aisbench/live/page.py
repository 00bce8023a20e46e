"""Serves the live view as a web page, updated by server-sent events, and the same figures for Prometheus.

A low-priority thread of the coordinator serves them from the last snapshot, with its own event loop. Workers are
other processes and are not involved.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from aisbench.errors import BadInput
from aisbench.listening import bound
from aisbench.live.prometheus import prometheus_page
from aisbench.live.snapshot import Snapshot
from aisbench.live.terminal import panel_fields, progress
from aisbench.report.page.shell import json_text, page

if TYPE_CHECKING:
    from aiohttp import web

# Ten minutes of snapshots, two per second, for a page that is opened later.
MOST_POINTS = 1200
# The page's charts in order: the value of a point that each draws, its title, unit, decimals and colour (report.css),
# and whether it shows the in-flight limit.
CHARTS = (
    {"key": "in_flight", "name": "In flight", "unit": "", "digits": 0, "colour": "accent", "limit": True},
    {"key": "tokens", "name": "Tokens", "unit": "/s", "digits": 0, "colour": "accent"},
    {"key": "ttft", "name": "TTFT", "unit": " ms", "digits": 1, "colour": "ttft"},
    {"key": "itl", "name": "ITL", "unit": " ms", "digits": 2, "colour": "accent"},
    {"key": "rate", "name": "Requests sent", "unit": "/s", "digits": 1, "colour": "accent"},
    {"key": "failed", "name": "Failed requests so far", "unit": "", "digits": 0, "colour": "failed"},
)
# The values of a point, which is a snapshot as the charts draw it.
_POINT = ("t", "in_flight", "rate", "tokens", "ttft", "itl", "failed")
_BACKLOG = 64
_NICENESS = 10
# How long the end of the run waits for browsers to receive the news of it.
_END_PATIENCE_S = 1.0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`. Raises BadInput, naming --live-port, if that is not possible."""
    try:
        return bound(host, port, backlog=_BACKLOG)
    except socket.gaierror as problem:
        raise BadInput(f"--live-port {host}:{port}: {problem.strerror}; give [HOST:]PORT") from None
    except OSError as problem:
        raise BadInput(
            f"--live-port {host}:{port} cannot be used ({problem.strerror}); give another port, or 0 for any free one"
        ) from None


class LivePage:
    """A context manager that serves `/`, `/events` and `/metrics` on `listening`.

    `title`: the page's heading. `ended`: what open pages show at the end (outcome, reason, folder).
    """

    def __init__(self, listening: socket.socket, title: str) -> None:
        self.listening = listening
        self.title = title
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.serve, daemon=True, name="live-page")
        self.ready = threading.Event()
        self.ended: dict[str, str | None] = {"outcome": "failed", "reason": None, "folder": None}
        # Only the loop's thread uses the following attributes.
        self.snapshot: Snapshot | None = None
        # A ring: point n is at n modulo MOST_POINTS. Memory use is constant from the start.
        self.points = np.full((MOST_POINTS, len(_POINT)), np.nan)
        self.came = 0
        self.over = False
        self.fresh = asyncio.Event()
        self.watching: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        host, port = self.listening.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def __enter__(self) -> LivePage:
        self.thread.start()
        self.ready.wait()
        return self

    def update(self, snapshot: Snapshot) -> None:
        self.loop.call_soon_threadsafe(self.take, snapshot)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self.say_goodbye(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    # The methods below run in the thread

    def serve(self) -> None:
        # On Linux, niceness applies to this thread only.
        os.nice(_NICENESS)
        asyncio.set_event_loop(self.loop)
        try:
            self.runner = self.loop.run_until_complete(self.start())
        finally:
            self.ready.set()
        self.loop.run_forever()

    async def start(self) -> web.AppRunner:
        from aiohttp import web

        app = web.Application()
        app.router.add_get("/", self.page)
        app.router.add_get("/events", self.events)
        app.router.add_get("/metrics", self.metrics)
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=_END_PATIENCE_S)
        await runner.setup()
        await web.SockSite(runner, self.listening).start()
        return runner

    def take(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.points[self.came % MOST_POINTS] = point(snapshot)
        self.came += 1
        self.wake()

    def wake(self) -> None:
        fresh, self.fresh = self.fresh, asyncio.Event()
        fresh.set()

    async def say_goodbye(self) -> None:
        self.over = True
        self.wake()
        if self.watching:
            await asyncio.wait(self.watching, timeout=_END_PATIENCE_S)
        await self.runner.cleanup()

    async def page(self, request: web.Request) -> web.Response:
        from aiohttp import web

        subtitle = '<span id="state" class="state" role="status">connecting</span> <span id="told"></span>'
        parts = {"title": escape(self.title), "subtitle": subtitle, "data": json_text(CHARTS)}
        text = page("live.html", parts, styles=("live.css",), scripts=("live.js",))
        return web.Response(text=text, content_type="text/html")

    async def metrics(self, request: web.Request) -> web.Response:
        from aiohttp import web

        body, content_type = prometheus_page(self.snapshot, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Sends all stored points, then each new one, and finally how the run ended."""
        from aiohttp import web

        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await answer.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self.watching.add(task)
        sent = -1
        # A closed page causes at most one failed write. A slow one gets several points at a time.
        with contextlib.suppress(ConnectionError):
            while True:
                fresh = self.fresh
                if sent < self.came:
                    await answer.write(b"data: " + self.message(sent) + b"\n\n")
                    sent = self.came
                if self.over:
                    await answer.write(b"event: end\ndata: " + orjson.dumps(self.ended) + b"\n\n")
                    break
                await fresh.wait()
        self.watching.discard(task)
        return answer

    def message(self, sent: int) -> bytes:
        """The points after the first `sent`, as JSON. A `sent` of -1 asks for all stored points."""
        first = max(sent, self.came - MOST_POINTS, 0)
        message: dict[str, Any] = {
            "all": sent < 0,
            "most": MOST_POINTS,
            # NaN, for unknown values, becomes null.
            "points": [
                dict(zip(_POINT, self.points[at % MOST_POINTS].tolist(), strict=True))
                for at in range(first, self.came)
            ],
        }
        if self.snapshot is not None:
            message["fields"] = panel_fields(self.snapshot)
            message["progress"] = progress(self.snapshot)
            message["limit"] = self.snapshot.limit
        return orjson.dumps(message)


def point(snapshot: Snapshot) -> tuple[float | None, ...]:
    """The values named in _POINT. None, if nothing arrived, becomes NaN in the array."""
    return (
        round(snapshot.elapsed_s, 2),
        snapshot.in_flight,
        snapshot.achieved_rate,
        snapshot.tokens_per_s,
        snapshot.ttft_recent_ms,
        snapshot.itl_recent_ms,
        snapshot.failed,
    )
