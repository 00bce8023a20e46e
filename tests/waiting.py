"""Waits for another thread, process or clock."""

from __future__ import annotations

import time
from collections.abc import Callable

_EVERY_S = 0.002


def wait_until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Returns once `condition()` is true, and fails if it is still false after `timeout_s`."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, f"still not so after {timeout_s:g} s"
        time.sleep(_EVERY_S)
