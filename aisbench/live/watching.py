"""Takes snapshots of a run in progress and passes them to views."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from aisbench.config.run_config import RunConfig
from aisbench.engine.coordinator import Coordinator
from aisbench.live.reader import LiveReader
from aisbench.live.snapshot import Snapshot

# The drawing process may share a CPU with a worker, so it draws seldom and with low priority.
_VIEW_EVERY_S = 0.5
_NICENESS = 10


class View(Protocol):
    def update(self, snapshot: Snapshot) -> None: ...


class Watching:
    """Passes a snapshot to `views` every _VIEW_EVERY_S, and a last one at the end. The coordinator calls `tick`."""

    def __init__(self, config: RunConfig, views: Sequence[View]) -> None:
        self.config = config
        self.views = views
        self.reader: LiveReader | None = None
        self.next_s = 0.0

    def tick(self, coordinator: Coordinator) -> None:
        now = time.monotonic()
        if now < self.next_s and coordinator.crew.running:
            return
        self.next_s = now + _VIEW_EVERY_S
        if self.reader is None:
            os.nice(_NICENESS)
            self.reader = self.reader_of(coordinator)
        snapshot = replace(self.reader.snapshot(coordinator.live()), nodes=coordinator.crew.words())
        for view in self.views:
            # A run goes on if its terminal is closed.
            with contextlib.suppress(OSError):
                view.update(snapshot)

    def reader_of(self, coordinator: Coordinator) -> LiveReader:
        config, plan = self.config, coordinator.plan
        return LiveReader(
            coordinator.directory.records,
            start_ns=coordinator.start_ns,
            planned=plan.requests if plan.requests >= 0 else None,
            asked_rate=None if plan.law is None else plan.law.steady_rate,
            limit=config.concurrency,
            duration_s=config.sending_s,
        )
