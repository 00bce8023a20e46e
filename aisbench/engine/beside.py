"""The coordinator's work beside the load: waits for the server, switches its profiler, sends probes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.engine.asked import Asked
from aisbench.engine.target.prefix_cache_reset import EMPTIED, reset_prefix_caches
from aisbench.engine.target.small_requests import (
    Asking,
    Probes,
    first_answer,
    patiently,
    short_body,
    switch_profiler,
)


class Beside:
    """`facts`: what run.json keeps of it."""

    def __init__(self, asked: Asked) -> None:
        self.config: RunConfig = asked.config
        self.asked = [
            Asking(
                target,
                asked.transport,
                asked.headers,
                f"{target.base_url.removesuffix(target.base_path)}{target.path(asked.endpoint)}",
            )
            for target in asked.targets
        ]
        self.body = short_body(asked.backend, asked.model.name, stream=asked.streams)
        self.probes: Probes | None = None
        self.profiling = False
        self.facts: dict[str, Any] = {}

    def wait_for_answers(self, say: Callable[[str], None]) -> None:
        """The ready check: returns when each server has answered a short request; raises CannotRun."""
        timeout_s = self.config.ready_timeout_s
        for asking in self.asked if timeout_s > 0 else ():
            patiently(lambda a=asking: first_answer(a, self.body, timeout_s), timeout_s, say)  # type: ignore[misc]

    def empty_caches(self) -> list[str]:
        """--reset-prefix-cache, before the start; returns a note where a server refused."""
        if not self.config.reset_prefix_cache:
            return []
        one, targets = self.asked[0], [asking.target for asking in self.asked]
        found = reset_prefix_caches(targets, one.transport, one.headers)
        self.facts["prefix_cache_reset"] = found
        return [] if found == EMPTIED else [f"--reset-prefix-cache: {found}"]

    def begin(self) -> list[str]:
        """Just before the start; returns notes."""
        notes: list[str] = []
        if self.config.profile:
            self.profiling = True
            notes = switch_profiler(self.asked, "start")
        if self.config.probe_rate > 0:
            self.probes = Probes(self.asked[0], self.body, self.config.probe_rate, self.config.timeout_s)
            self.probes.begin()
        return notes

    def end(self) -> list[str]:
        """When all workers have ended; returns notes."""
        notes: list[str] = []
        if self.probes is not None:
            self.facts["probes"] = found = self.probes.end()
            self.probes = None
            sent = len(found["took_s"]) + found["failed"]
            notes.append(
                f"{sent} probes were sent beside the load: the server's own figures count them as well"
            )
        if self.profiling:
            self.profiling = False
            notes += switch_profiler(self.asked, "stop")
        return notes
