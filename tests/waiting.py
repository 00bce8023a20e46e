"""Waits for another thread, process or clock."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Protocol

# The longer a wait, the less a moment more matters, and each look takes CPU time from what is waited for.
_SOONEST_S, _LATEST_S, _PART = 0.002, 0.02, 0.05


class _Open(Protocol):
    def fileno(self) -> int: ...


def wait_until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Returns once `condition()` is true, and fails if it is still false after `timeout_s`."""
    start_s = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - start_s
        assert waited_s < timeout_s, f"still not so after {timeout_s:g} s"
        time.sleep(min(max(_SOONEST_S, _PART * waited_s), _LATEST_S))


def readable(file: int | _Open, timeout_s: float | None) -> bool:
    """Waits until `file`, or its descriptor, can be read, a process has ended, or a peer has closed; False after
    `timeout_s` (None: never). Its number may be any; select.select fails for 1,024 and more."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(None if timeout_s is None else timeout_s * 1e3))
