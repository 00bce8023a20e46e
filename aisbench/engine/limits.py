"""Limits of this host: open files, and so connections; raised before anything is sent."""

from __future__ import annotations

import math
import os
import resource

from aisbench.errors import BadInput, CannotRun
from aisbench.workload.arrivals.law import ArrivalLaw

# Files that a worker needs beside its connections: epolls, timers, records, standard streams.
SPARE_FILES = 64


def raise_open_files(connections: int | None, workers: int) -> int:
    """Raises the soft limit on open files to the hard one, and returns it.

    `connections`: how many one worker may need at a time (None: as many as there are requests in
    flight). Raises BadInput when the hard limit is below that, CannotRun when it is too low for any.
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
                    f"this system allows {soft} open files, and a worker needs {SPARE_FILES} beside its connections; "
                    "raise the limit (ulimit -n 4096; its bound, ulimit -Hn, as root or in limits.conf)"
                ) from None
            raise BadInput(
                f"--concurrency needs {needed} open files in each of {workers} worker(s), and this system allows {soft}; "
                f"give --concurrency {most} at most, more --workers, or raise the limit (ulimit -Hn)"
            ) from None
    return soft


def cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0))


def default_workers(concurrency: int | None, law: ArrivalLaw | None) -> int:
    """One worker carries some 100,000 events/s; more are for more streams, or at the highest rate of `law`
    (None: a closed loop) for more sends, than one should carry."""
    streams = concurrency or 1024
    wanted = max(1, -(-streams // 1024))
    if law is not None and not math.isinf(law.peak_rate):
        wanted = max(wanted, int(law.peak_rate // 5000))
    return min(cpus(), wanted)
