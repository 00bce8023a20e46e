"""The workers of this host: their shared block, their in-flight slots, and the common start and end of their load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from aisbench._native.memory.shared import LIVE_FIELDS, SharedBlock, Slots
from aisbench._native.os.clock import now_ns
from aisbench.engine.crew.crew import Share
from aisbench.engine.crew.processes import Survivors, WorkerProcesses
from aisbench.engine.crew.starting import StartedWorkers
from aisbench.engine.crew.worker_spec import WorkerSpec
from aisbench.engine.host import HostCounters
from aisbench.engine.limits import RisingLimit

# The file that coordinator and workers share during a run.
BLOCK = "shared.bin"
_POLL_S = 0.1
# From the last worker's "ready" to the common start, which each worker polls for every 2 ms.
_START_DELAY_NS = 30_000_000


class LocalCrew:
    """The workers of this host, one for each of `specs`. `folder`: of the run. `say(line)` gets a line about each death.
    `started`: the workers, if they were started already. `first`: otherwise the number of the first worker among those of
    all hosts.

    Raises OSError if there is no room for the shared block.
    """

    def __init__(
        self,
        specs: list[WorkerSpec],
        share: Share,
        folder: Path,
        say: Callable[[str], None],
        *,
        started: StartedWorkers | None = None,
        first: int = 0,
    ) -> None:
        self.started = started
        self.share = share
        self.folder = folder
        self.say = say
        self.first = first
        self.path = folder / "records" / BLOCK
        self.block = SharedBlock.create(
            str(self.path), len(specs), share.tickets, share.offsets_ns, share.round, share.own, share.begun
        )
        self.slots = Slots(count=share.in_flight) if share.in_flight is not None else None
        self.prefills = Slots(count=share.prefills) if share.prefills is not None else None
        self.specs = [
            replace(
                spec,
                slots_fd=self.slots.fd if self.slots is not None else None,
                prefills_fd=self.prefills.fd if self.prefills is not None else None,
            )
            for spec in specs
        ]
        self.rising = RisingLimit.of(share.ramp_s, self.slots)
        self.start_ns = 0
        self.host_before = HostCounters.now()

    def start(self) -> None:
        if self.started is None:
            self.started = StartedWorkers(len(self.specs), self.folder / "logs", self.first)
        self.processes = WorkerProcesses(self.specs, self.started)
        self.survivors = Survivors(
            self.processes, self.block, self.slots, self.prefills, self.share.most_each, self.say
        )

    def live(self) -> np.ndarray:
        return np.frombuffer(self.block.live_bytes(), dtype=np.dtype(LIVE_FIELDS))

    def done_with(self, live: np.ndarray) -> int:
        return self.survivors.done_with(live)

    def begin(self, sending_ns: int) -> int:
        start_ns = now_ns() + _START_DELAY_NS
        self.begin_at(start_ns, start_ns + sending_ns if sending_ns else 0)
        return start_ns

    def begin_at(self, start_ns: int, deadline_ns: int) -> None:
        """Sets the common start and the end of sending, as SharedBlock.start."""
        self.host_before = HostCounters.now()
        if self.rising is not None:
            self.rising.hold_back()
        self.start_ns = start_ns
        self.block.start(start_ns, deadline_ns)

    def stop(self, level: int) -> None:
        self.block.stop(level)

    def look(self) -> None:
        self.survivors.look()

    def wait(self) -> None:
        self.processes.wait(_POLL_S if self.rising is None else self.rising.rise(self.start_ns, _POLL_S))

    @property
    def running(self) -> bool:
        return self.processes.running

    @property
    def dead(self) -> str | None:
        return self.processes.dead

    @property
    def no_room(self) -> str | None:
        return self.processes.no_room

    def words(self) -> str:
        return ""

    def end(self) -> None:
        self.processes.end()

    def facts(self) -> dict[str, Any]:
        live = self.live()
        # This process keeps it mapped until it ends.
        self.path.unlink(missing_ok=True)
        return {
            "workers": [self.processes.figures(worker, live[worker]) for worker in range(len(live))],
            "host": self.host_before.facts_since(),
        }
