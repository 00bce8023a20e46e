"""How far the clock of another node is ahead of this one's, from questions and answers (as NTP does, RFC 5905, section 8).

A question that left at `asked_ns` and whose answer came at `answered_ns`, both by our clock, was answered by the node at
some moment between. If its clock then showed `theirs_ns`, the clock was ahead by theirs_ns - (asked_ns + answered_ns) / 2,
and this is wrong by at most half of the round trip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# A clock is not off by more than this. Crystals of computers stay within 100 ppm.
_MOST_DRIFT = 500e-6


@dataclass(frozen=True)
class Sample:
    """One question and its answer; all in ns."""

    asked_ns: int
    theirs_ns: int
    answered_ns: int

    @property
    def at_ns(self) -> int:
        """When the node answered, by our clock, within `error_ns`."""
        return (self.asked_ns + self.answered_ns) // 2

    @property
    def offset_ns(self) -> int:
        return self.theirs_ns - self.at_ns

    @property
    def error_ns(self) -> int:
        return -((self.asked_ns - self.answered_ns) // 2)


@dataclass(frozen=True)
class NodeClock:
    """A node's CLOCK_MONOTONIC against ours: ahead by `offset_ns` at `at_ns`, and by `drift` more for each ns since.

    `error_ns`: the largest error of this anywhere in the run. `drift` is 0 unless the samples exclude that.
    """

    offset_ns: int
    at_ns: int
    error_ns: int
    drift: float = 0.0

    def theirs_ns(self, ours_ns: int) -> int:
        """What the node's clock shows at `ours_ns`, if it does not drift."""
        return ours_ns + self.offset_ns


def before_the_run(samples: Sequence[Sample]) -> NodeClock:
    """The clock by the sample with the shortest round trip."""
    best = min(samples, key=lambda one: one.error_ns)
    return NodeClock(best.offset_ns, best.at_ns, best.error_ns)


def after_the_run(first: NodeClock, during: Sequence[Sample], after: Sequence[Sample]) -> NodeClock:
    """The same clock with its drift, which the best sample of `after` shows, and the error that `during` shows, too.

    The node began the run by `first`, so that is kept: times at the start are shifted as the start was.
    """
    best = min(after, key=lambda one: one.error_ns)
    span_ns = max(1, best.at_ns - first.at_ns)
    moved_ns = best.offset_ns - first.offset_ns
    drift = moved_ns / span_ns if abs(moved_ns) > first.error_ns + best.error_ns else 0.0
    # A step of the clock would look like a drift that no clock has.
    drift = max(-_MOST_DRIFT, min(_MOST_DRIFT, drift))
    # At the end, the line is off by what it leaves out of the way to the best sample, and by the error of that. In between,
    # it is off by no more than at one of its ends.
    error_ns = max(first.error_ns, math.ceil(abs(moved_ns - drift * span_ns)) + best.error_ns)
    for one in during:
        expected_ns = first.offset_ns + drift * (one.at_ns - first.at_ns)
        # The truth is within the sample's error, so the line is at least this wrong.
        error_ns = max(error_ns, int(abs(one.offset_ns - expected_ns)) - one.error_ns)
    return NodeClock(first.offset_ns, first.at_ns, error_ns, drift)
