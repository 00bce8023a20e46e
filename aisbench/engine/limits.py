"""Limits of this host (open files, which bound the connections, and CPUs, which bound the workers), and a limit that rises."""

from __future__ import annotations

import math
import os
import resource
from typing import TYPE_CHECKING

from aisbench._native.memory.shared import Slots
from aisbench._native.os.clock import now_ns
from aisbench.errors import BadInput, CannotRun

if TYPE_CHECKING:
    # Needs numpy, without which a worker starts in half the time.
    from aisbench.workload.arrivals.law import ArrivalLaw

# Files that a worker needs besides its connections: epolls, timers, records, standard streams.
SPARE_FILES = 64


def raise_open_files(connections: int | None, workers: int) -> int:
    """Raises the soft limit on open files to the hard one, or higher if needed, and returns it.

    `connections`: how many one worker may need at a time (None: no in-flight limit). Raises BadInput
    when the limit is too low for that many, CannotRun when it is too low for even one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    needed = (connections or 1) + SPARE_FILES
    if needed > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))
            soft = needed
        except (ValueError, OSError):
            most = (soft - SPARE_FILES) * workers
            if most < 1:
                raise CannotRun(
                    f"this system allows {soft} open files, and a worker needs {SPARE_FILES} besides its connections; "
                    "raise the limit with ulimit -n 4096 (as root or in limits.conf where ulimit -Hn is lower)"
                ) from None
            raise BadInput(
                f"--concurrency needs {needed} open files in each of {workers} worker(s), but this system allows {soft}; "
                f"give --concurrency {most} at most, more --workers, or raise the limit (ulimit -Hn)"
            ) from None
    return soft


def cpus() -> int:
    """The number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0))


def default_workers(concurrency: int | None, law: ArrivalLaw | None) -> int:
    """The number of workers on this host: as many as are wanted, at most one for each CPU."""
    return min(cpus(), wanted_workers(concurrency, law))


def wanted_workers(concurrency: int | None, law: ArrivalLaw | None) -> int:
    """The number of workers for a load: one for every 1,024 streams or 5,000 sends/s.

    One worker handles some 100,000 events/s. `law` gives the highest rate of sends (None: a closed loop).
    """
    streams = concurrency or 1024
    wanted = max(1, -(-streams // 1024))
    if law is not None and not math.isinf(law.peak_rate):
        wanted = max(wanted, int(law.peak_rate // 5000))
    return wanted


class RisingLimit:
    """Raises the in-flight limit of `slots` linearly from 1 to `most` over `span_s` seconds."""

    def __init__(self, slots: Slots, most: int, span_s: float) -> None:
        self.slots = slots
        self.more = most - 1
        self.step_ns = int(span_s * 1e9) / max(self.more, 1)
        self.given = 0

    @staticmethod
    def of(span_s: float | None, slots: Slots | None) -> RisingLimit | None:
        """None if the limit does not rise."""
        return None if span_s is None or slots is None else RisingLimit(slots, slots.count, span_s)

    def hold_back(self) -> None:
        """Takes all slots but one; call it while all are free."""
        for _ in range(self.more):
            self.slots.take()

    def rise(self, start_ns: int, most_s: float) -> float:
        """Gives the slots that are due by now, after a start at `start_ns`; the time until the next, at most `most_s`."""
        passed_ns = now_ns() - start_ns
        due = min(self.more, int(passed_ns / self.step_ns))
        for _ in range(due - self.given):
            self.slots.put()
        self.given = max(self.given, due)
        if self.given == self.more:
            return most_s
        return min(most_s, ((self.given + 1) * self.step_ns - passed_ns) / 1e9)
