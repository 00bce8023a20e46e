"""Watches and ends the worker processes, and lets the others go on when one has died."""

from __future__ import annotations

import contextlib
import json
import select
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from aisbench._native.memory.shared import SharedBlock, Slots
from aisbench._native.os.clock import now_ns
from aisbench.children import last_words
from aisbench.disk import EXIT_FULL
from aisbench.engine.crew.starting import StartedWorkers
from aisbench.engine.crew.worker_spec import WorkerSpec

# Tries to count what the dead held. One takes 50 us, and fails if a slot changes hands meanwhile.
_RECLAIMS = 200


class WorkerProcesses:
    """The workers that were `started` get a spec each, with which they begin. The workers of all hosts are numbered, and
    those of this host begin with `started.first`.
    """

    def __init__(self, specs: list[WorkerSpec], started: StartedWorkers) -> None:
        self.specs = specs
        self.started = started
        self.processes = started.processes
        # When each dead worker was found to be dead, CLOCK_MONOTONIC.
        self.died_ns: dict[int, int] = {}
        started.send(specs)

    @property
    def running(self) -> bool:
        return any(process.poll() is None for process in self.processes)

    def death_of(self, worker: int) -> str | None:
        """How a worker died; None while it runs and when it ended properly."""
        code = self.processes[worker].poll()
        if not code:
            return None
        if code == EXIT_FULL:
            return "no room on the disk"
        return _signal_text(-code) if code < 0 else f"exit code {code}"

    def figures(self, worker: int, live: Any) -> dict[str, Any]:
        """The figures that a worker wrote (none if it was killed), with its counters from `live`."""
        path = Path(self.specs[worker].records, f"worker-{worker}.json")
        figures: dict[str, Any] = {"worker": worker, "pid": None}
        if path.exists():
            figures = json.loads(path.read_text())
            path.unlink()
        figures["died"] = self.death_of(worker)
        figures["died_ns"] = self.died_ns.get(worker)
        for name in ("reads", "reads_stamped", "stale_retries"):
            figures[name] = int(live[name])
        return figures

    @property
    def full(self) -> bool:
        """True when a worker found no room for its records."""
        return any(process.poll() == EXIT_FULL for process in self.processes)

    @property
    def no_room(self) -> str | None:
        """What `dead` says if a worker found no room for its records."""
        return self.dead if self.full else None

    @property
    def dead(self) -> str | None:
        """A sentence about the first worker that died; None if none did."""
        for worker in range(len(self.processes)):
            if self.death_of(worker):
                return self.account_of(worker)
        return None

    def account_of(self, worker: int) -> str:
        """A clause about a worker that died."""
        log = self.started.log_of(worker)
        said = last_words(log.read_bytes()) if log.exists() else ""
        return f"worker {self.started.first + worker} died ({self.death_of(worker)}{said and f': {said}'}); see logs/{log.name}"

    def found_dead(self) -> list[int]:
        """The workers that have died since the last call."""
        found = [
            worker
            for worker in range(len(self.processes))
            if worker not in self.died_ns and self.death_of(worker)
        ]
        self.died_ns |= dict.fromkeys(found, now_ns())
        return found

    def wait(self, seconds: float) -> None:
        """Waits for `seconds`, or until the first worker that still runs has ended."""
        for process, lifeline in zip(self.processes, self.started.lifelines, strict=True):
            if process.poll() is None:
                # Nothing is sent through it, so it becomes readable when the worker ends. Popen.wait alone may be 50 ms late.
                ends = select.poll()
                ends.register(lifeline, select.POLLIN)
                if ends.poll(seconds * 1e3):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(seconds)
                return

    def end(self) -> None:
        """Ends the workers; see StartedWorkers.end."""
        self.started.end()


class Survivors:
    """The workers that go on when others have died: the in-flight slots of the dead become theirs.

    `places`: for requests without a first token (None: no limit, as for `slots`). `most_each`: the most that one worker
    can have in flight. `say(line)` gets a line about each death.
    """

    def __init__(
        self,
        processes: WorkerProcesses,
        block: SharedBlock,
        slots: Slots | None,
        places: Slots | None,
        most_each: int,
        say: Callable[[str], None],
    ) -> None:
        self.processes = processes
        self.block = block
        self.limit = slots.count if slots is not None else None
        self.semaphores = [(one, one is places) for one in (slots, places) if one is not None]
        self.most_each = most_each
        self.say = say
        # Those of which a dead worker may still hold some.
        self.unsettled: list[tuple[Slots, bool]] = []

    def look(self) -> None:
        """Gives the survivors what the workers held that have died since the last call."""
        found = self.processes.found_dead()
        count = len(self.processes.processes)
        alive = [worker for worker in range(count) if worker not in self.processes.died_ns]
        if found and alive:
            for worker in found:
                self.block.bury(worker)
            self.unsettled = self.semaphores
            if self.limit is not None:
                self.block.widen(min(-(-self.limit // len(alive)), self.most_each))
        self.unsettled = [one for one in self.unsettled if not self._reclaimed(*one, alive)]
        for worker in found:
            self.say(f"{self.processes.account_of(worker)}{'; the others go on' if alive else ''}")

    def done_with(self, live: np.ndarray) -> int:
        """How many requests have been sent or never will be, by the workers' counters, shape (workers,)."""
        done = live["sent"] + live["dropped"]
        for worker in self.processes.died_ns:
            done[worker] = max(done[worker], live["taken"][worker])
        return int(done.sum())

    def _reclaimed(self, slots: Slots, places: bool, alive: list[int]) -> bool:
        """Whether all that the dead held is free again; if not, a later look may find it."""
        try:
            return any(slots.reclaim(self.block, alive, places) is not None for _ in range(_RECLAIMS))
        except OSError:
            # Some sandboxes do not show the kernel's count. The limit then stays lower by what the dead held.
            return True


def _signal_text(number: int) -> str:
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"
