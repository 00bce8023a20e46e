"""The coordinator's own requests to the servers: ready check, prefix cache reset, profiler, probes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aisbench.config.run_config import RunConfig
from aisbench.engine.asked import Asked
from aisbench.engine.interrupts import Interrupted, Interrupts
from aisbench.engine.target.small_requests import (
    Asking,
    Probes,
    first_answer,
    patiently,
    short_body,
)

if TYPE_CHECKING:
    from aisbench.engine.target.profiler import Profiler


class Beside:
    """Sends the coordinator's own requests. `facts`: the results that run.json keeps.

    From `empty_caches` on, none is waited for once `interrupts` say that the user asked to stop.
    """

    def __init__(self, asked: Asked, interrupts: Interrupts) -> None:
        self.interrupts = interrupts
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
        self.profiler: Profiler | None = None
        self.facts: dict[str, Any] = {}

    def wait_for_answers(self, say: Callable[[str], None]) -> None:
        """The ready check: returns once each server has answered a short request. Raises CannotRun on time-out."""
        timeout_s = self.config.ready_timeout_s
        for asking in self.asked if timeout_s > 0 else ():
            patiently(lambda a=asking: first_answer(a, self.body, timeout_s), timeout_s, say)  # type: ignore[misc]

    def empty_caches(self) -> list[str]:
        """Empties the prefix caches if --reset-prefix-cache is given; returns a note if a server refused."""
        if not self.config.reset_prefix_cache:
            return []
        from aisbench.engine.target.prefix_cache_reset import EMPTIED, reset_prefix_caches

        one, targets = self.asked[0], [asking.target for asking in self.asked]
        try:
            found = self.interrupts.wait_for(lambda: reset_prefix_caches(targets, one.transport, one.headers))
        except Interrupted:
            found = "not emptied: a server had not answered when the run was stopped"
        self.facts["prefix_cache_reset"] = found
        return [] if found == EMPTIED else [f"--reset-prefix-cache: {found}"]

    def begin(self) -> list[str]:
        """Starts profiler and probes, just before the common start; returns notes."""
        notes: list[str] = []
        if self.config.profile:
            from aisbench.engine.target.profiler import Profiler

            self.profiler = Profiler(self.asked)
            try:
                notes = self.interrupts.wait_for(self.profiler.start)
            except Interrupted:
                notes = self.profiler.unanswered()
        if self.config.probe_rate > 0 and not self.interrupts.count:
            self.probes = Probes(self.asked[0], self.body, self.config.probe_rate, self.config.timeout_s)
            self.probes.begin()
        return notes

    def end(self) -> list[str]:
        """Stops profiler and probes once all workers have ended; returns notes."""
        notes: list[str] = []
        if self.probes is not None:
            with contextlib.suppress(Interrupted):
                self.interrupts.wait_at_end_for(self.probes.end)
            self.facts["probes"] = found = self.probes.facts()
            self.probes = None
            sent = len(found["took_s"]) + found["failed"]
            notes.append(f"{sent} probes were sent beside the load; the server's own figures include them")
        if self.profiler is not None:
            try:
                notes += self.interrupts.wait_at_end_for(self.profiler.stop)
            except Interrupted:
                notes += self.profiler.unanswered()
            self.profiler = None
        return notes
