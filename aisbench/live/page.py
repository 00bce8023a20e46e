"""The live view as a web page, fed by server-sent events, and the same figures for Prometheus.

Served by a thread of the coordinator with a loop of its own and low priority: workers are other
processes, and what a browser or a scraper asks is answered from the last snapshot.
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

# Ten minutes of snapshots, two a second, for whoever opens the page later.
MOST_POINTS = 1200
# The page's charts, in their order: what each draws of a point, its title, unit, decimals and colour (report.css), and
# whether the in-flight limit stands in it.
CHARTS = (
    {"key": "in_flight", "name": "In flight", "unit": "", "digits": 0, "colour": "accent", "limit": True},
    {"key": "tokens", "name": "Tokens", "unit": "/s", "digits": 0, "colour": "accent"},
    {"key": "ttft", "name": "TTFT", "unit": " ms", "digits": 1, "colour": "ttft"},
    {"key": "itl", "name": "ITL", "unit": " ms", "digits": 2, "colour": "accent"},
    {"key": "rate", "name": "Requests sent", "unit": "/s", "digits": 1, "colour": "accent"},
    {"key": "failed", "name": "Failed requests so far", "unit": "", "digits": 0, "colour": "failed"},
)
# A point of a snapshot.
_POINT = ("t", "in_flight", "rate", "tokens", "ttft", "itl", "failed")
_BACKLOG = 64
_NICENESS = 10
# How long browsers have, at the run's end, to be told so.
_END_PATIENCE_S = 1.0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; raises BadInput, naming --live-port, when that cannot be."""
    try:
        return bound(host, port, backlog=_BACKLOG)
    except socket.gaierror as problem:
        raise BadInput(f"--live-port {host}:{port}: {problem.strerror}; give [HOST:]PORT") from None
    except OSError as problem:
        raise BadInput(
            f"--live-port {host}:{port} cannot be listened on ({problem.strerror}); give another, or 0 for any free one"
        ) from None


class LivePage:
    """A context manager that serves `/`, `/events` and `/metrics` on `listening` meanwhile.

    `title` heads the page. `ended` is what open pages are told at the end: outcome, reason, folder.
    """

    def __init__(self, listening: socket.socket, title: str) -> None:
        self.listening = listening
        self.title = title
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.serve, daemon=True, name="live-page")
        self.ready = threading.Event()
        self.ended: dict[str, str | None] = {"outcome": "failed", "reason": None, "folder": None}
        # What follows belongs to the loop's thread.
        self.snapshot: Snapshot | None = None
        # The point that came n-th stands at n modulo MOST_POINTS: memory is the same from the start on.
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

    # In the thread

    def serve(self) -> None:
        # Of this thread alone: niceness is a thread's on Linux.
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
        """First all points that are kept, then each as it comes, at last how the run ended."""
        from aiohttp import web

        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await answer.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self.watching.add(task)
        sent = -1
        # Who closed the page is written to once more at most; a slow one gets several points at a time.
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
        """What one browser does not know yet; `all` the first time (`sent` -1)."""
        first = max(sent, self.came - MOST_POINTS, 0)
        message: dict[str, Any] = {
            "all": sent < 0,
            "most": MOST_POINTS,
            # What is not known is NaN here and null there.
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
    """The values of POINT; None, where nothing came, becomes NaN."""
    return (
        round(snapshot.elapsed_s, 2),
        snapshot.in_flight,
        snapshot.achieved_rate,
        snapshot.tokens_per_s,
        snapshot.ttft_recent_ms,
        snapshot.itl_recent_ms,
        snapshot.failed,
    )
