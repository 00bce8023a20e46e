"""The kernel's receive stamps on CLOCK_MONOTONIC."""

from __future__ import annotations

import time

import pytest

from aisbench._native.os.clock import ClockPair, now_ns

MS = 1_000_000


@pytest.mark.parametrize(
    ("stamped_ns", "found_ns"),
    [
        (-5 * MS, -5 * MS),
        # From the future: a clock that was set back since, or the resolution of the comparison.
        (MS // 10, 0),
        (5 * MS, 0),
        # The kernel was late to pass the bytes on, as no step was seen.
        (-50 * MS, -50 * MS),
    ],
)
def test_a_stamp_is_not_after_its_reading(stamped_ns: int, found_ns: int) -> None:
    clock = ClockPair()
    seen = now_ns()
    stamp = seen - clock.offset_ns + stamped_ns
    assert abs(stamp - time.time_ns()) < 3600e9
    # Comparing the clocks again may move the offset a little.
    assert clock.to_mono(stamp, seen - 20 * MS, seen) - seen == pytest.approx(found_ns, abs=MS / 20)
    assert clock.steps == 0
