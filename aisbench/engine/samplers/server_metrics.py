"""Reads the servers' own counters once a second during the run, into records/server.jsonl."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench._native.os.clock import now_ns
from aisbench.config.run_config import RunConfig
from aisbench.engine.samplers.sampler import Sampler
from aisbench.engine.target.discovery import session
from aisbench.engine.target.fetching import fetch
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target, with_scheme

# Below the interval, so that a slow server loses samples and never has two requests waiting.
_TIMEOUT_S = 0.8
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Page:
    """One /metrics page and how to reach it. `headers` include the key only for a server under test."""

    url: str
    target: Target
    headers: dict[str, str]


class Scraper(Sampler):
    """Reads `pages`; a page without known metrics the first time is not read again."""

    def __init__(self, pages: Sequence[Page], transport: Transport, path: Path) -> None:
        super().__init__(path)
        self.transport = transport
        # By the number of its --url.
        self.pages = dict(enumerate(pages))
        self.clients: dict[int, Any] = {}
        self.notes: list[str] = []

    @staticmethod
    def of(
        config: RunConfig,
        targets: Sequence[Target],
        transport: Transport,
        headers: dict[str, str],
        records: Path,
    ) -> Scraper | None:
        """For a run against `targets`; None without --server-metrics. --metrics-url is never sent the servers' key."""
        if not config.server_metrics:
            return None
        pages = [Page(f"{target.root_url}/metrics", target, headers) for target in targets]
        if config.metrics_url is not None:
            pages = [Page(with_scheme(config.metrics_url), targets[0], {})]
        return Scraper(pages, transport, records / "server.jsonl")

    async def first(self) -> bool:
        for endpoint, page in self.pages.items():
            self.clients[endpoint] = session(page.target, self.transport, page.headers)
        read = {line["endpoint"] for line in await self.sample()}
        for endpoint in set(self.pages) - read:
            url = self.pages.pop(endpoint).url
            self.notes.append(
                f"{url} has no metrics that aisbench knows, so the server's own figures are missing"
            )
        return bool(self.pages)

    async def read(self) -> list[dict[str, Any]]:
        """Reads all pages at once; returns an object for each page that had values."""
        endpoints = list(self.pages)
        found = await asyncio.gather(*(self.read_one(endpoint) for endpoint in endpoints))
        return [
            {"t_ns": t_ns, "endpoint": endpoint, "values": values}
            for endpoint, (t_ns, values) in zip(endpoints, found, strict=True)
            if values
        ]

    async def close(self) -> None:
        for client in self.clients.values():
            await client.close()

    async def read_one(self, endpoint: int) -> tuple[int, dict[str, Any]]:
        """The time when the answer was complete (CLOCK_MONOTONIC, ns) and its values; no values on failure."""
        import aiohttp

        from aisbench.engine.samplers.metrics_page import read_page

        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            url = self.pages[endpoint].url
            answer = await fetch(self.clients[endpoint], "GET", url, most=_MOST_BYTES, timeout=timeout)
            t_ns = now_ns()
            return t_ns, read_page(answer.text) if answer.status == 200 else {}
        except Exception:  # a page that breaks the parser must not end the run
            return now_ns(), {}
