"""The servers' own counters, read once a second beside the run and kept in records/server.jsonl."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench._native.clock import now_ns
from aisbench.engine.discovery import session
from aisbench.engine.target import Target
from aisbench.engine.transport import Transport

EVERY_S = 1.0
# Below the interval: a server that is slow to answer loses samples, and no two requests wait at once.
TIMEOUT_S = 0.8


@dataclass(frozen=True)
class Page:
    """One /metrics page and how it is reached. `headers` hold the key only for a server under test."""

    url: str
    target: Target
    headers: dict[str, str]


class Scraper:
    """Reads `pages` in a thread with a loop of its own.

    `begin` reads each once before the run's start and drops those that have nothing to read; `end` reads
    the rest a last time. Between the two they are read every second. No failure leaves this class.
    """

    def __init__(self, pages: Sequence[Page], transport: Transport, path: Path) -> None:
        self.transport = transport
        self.path = path
        # By the number of its --url.
        self.pages = dict(enumerate(pages))
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True, name="scrape")
        self.clients: dict[int, Any] = {}
        self.repeating: Any = None

    def begin(self) -> list[str]:
        """The first samples; returns notes about pages that are not read. Blocks for up to TIMEOUT_S."""
        self.thread.start()
        urls = {endpoint: page.url for endpoint, page in self.pages.items()}
        asyncio.run_coroutine_threadsafe(self.first(), self.loop).result()
        if self.pages:
            self.repeating = asyncio.run_coroutine_threadsafe(self.repeat(), self.loop)
        return [
            f"{url} gave no metrics that are known here; the server's own figures are missing"
            for endpoint, url in urls.items()
            if endpoint not in self.pages
        ]

    def end(self) -> None:
        """The last samples; the thread ends. Does nothing when `begin` was never called."""
        if not self.thread.is_alive():
            return
        if self.repeating is not None:
            self.repeating.cancel()
        asyncio.run_coroutine_threadsafe(self.last(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def first(self) -> None:
        for endpoint, page in self.pages.items():
            self.clients[endpoint] = session(page.target, self.transport, page.headers)
        read = await self.sample()
        for endpoint in set(self.pages) - read:
            del self.pages[endpoint]

    async def repeat(self) -> None:
        due = self.loop.time()
        while True:
            due += EVERY_S
            await asyncio.sleep(max(0.0, due - self.loop.time()))
            await self.sample()

    async def last(self) -> None:
        await self.sample()
        for client in self.clients.values():
            await client.close()

    async def sample(self) -> set[int]:
        """Reads all pages at once and appends what came; returns which pages gave something."""
        endpoints = list(self.pages)
        found = await asyncio.gather(*(self.read(endpoint) for endpoint in endpoints))
        lines = [
            {"t_ns": t_ns, "endpoint": endpoint, "values": values}
            for endpoint, (t_ns, values) in zip(endpoints, found, strict=True)
            if values
        ]
        if lines:
            import orjson

            with contextlib.suppress(OSError), self.path.open("ab") as file:
                file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        return {endpoint for endpoint, (_, values) in zip(endpoints, found, strict=True) if values}

    async def read(self, endpoint: int) -> tuple[int, dict[str, Any]]:
        """When the answer was complete (monotonic ns) and its values; no values when it could not be had."""
        import aiohttp

        from aisbench.engine.metrics_page import read_page

        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with self.clients[endpoint].get(self.pages[endpoint].url, timeout=timeout) as answer:
                if answer.status != 200:
                    return now_ns(), {}
                text = await answer.text()
                return now_ns(), read_page(text)
        except Exception:  # whatever a page makes the parser stumble over, the run goes on
            return now_ns(), {}
