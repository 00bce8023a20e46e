"""Reads the servers' own counters once a second during the run, into records/server.jsonl."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench._native.os.clock import now_ns
from aisbench.config.run_config import RunConfig
from aisbench.engine.samplers.metrics_page import read_page
from aisbench.engine.samplers.sampler import Sampler
from aisbench.engine.target.fetching import Client
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target, with_scheme

# Below the interval, so that a slow server loses samples and never has two requests waiting.
_TIMEOUT_S = 0.8
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Page:
    """One /metrics page. `headers` include the key only for a server under test."""

    url: str
    headers: dict[str, str]


class Scraper(Sampler):
    """Reads `pages`; a page without known metrics the first time is not read again."""

    def __init__(self, pages: Sequence[Page], transport: Transport, path: Path) -> None:
        super().__init__(path)
        self.transport = transport
        # By the number of its --url.
        self.pages = dict(enumerate(pages))
        self.clients: dict[int, Client] = {}
        # One thread for each page, so that a reading which was cut short is over before the last one begins.
        self.threads: dict[int, ThreadPoolExecutor] = {}
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
        pages = [Page(f"{target.root_url}/metrics", headers) for target in targets]
        if config.metrics_url is not None:
            pages = [Page(with_scheme(config.metrics_url), {})]
        return Scraper(pages, transport, records / "server.jsonl")

    async def first(self) -> bool:
        for endpoint, page in self.pages.items():
            self.clients[endpoint] = Client(self.transport, page.headers, _TIMEOUT_S)
            self.threads[endpoint] = ThreadPoolExecutor(1, "metrics")
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
        loop = asyncio.get_running_loop()
        found = await asyncio.gather(
            *(loop.run_in_executor(self.threads[endpoint], self.read_one, endpoint) for endpoint in endpoints)
        )
        return [
            {"t_ns": t_ns, "endpoint": endpoint, "values": values}
            for endpoint, (t_ns, values) in zip(endpoints, found, strict=True)
            if values
        ]

    async def close(self) -> None:
        for thread in self.threads.values():
            thread.shutdown()
        for client in self.clients.values():
            client.close()

    def read_one(self, endpoint: int) -> tuple[int, dict[str, Any]]:
        """The time when the answer was complete (CLOCK_MONOTONIC, ns) and its values; no values on failure."""
        try:
            answer = self.clients[endpoint].fetch("GET", self.pages[endpoint].url, most=_MOST_BYTES)
            t_ns = now_ns()
            return t_ns, read_page(answer.text) if answer.status == 200 else {}
        except Exception:  # a page that breaks the parser must not end the run
            return now_ns(), {}
