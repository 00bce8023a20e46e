"""Compares measured figures with the bounds of an SLO."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.statistics.intervals import side_ranks
from aisbench.shares import Z_95, wilson_interval
from aisbench.studies.saturation.slo import Term


@dataclass(frozen=True)
class Held:
    """A term and the measured `value` of its figure; None for a latency that is infinite or was not measured.

    `low` and `high` are the 95 % interval of `value`; an end that the sample cannot support is None.
    """

    term: Term
    value: float | None
    low: float | None
    high: float | None

    @property
    def met(self) -> bool:
        return self.value is not None and self.value <= self.term.bound

    @property
    def clear(self) -> bool:
        """True when the whole interval lies on one side of the bound."""
        if self.value is None:
            return True
        if self.met:
            return self.high is not None and self.high <= self.term.bound
        return self.low is not None and self.low > self.term.bound


def hold_latency(term: Term, values_ms: NDArray[np.float64]) -> Held:
    """`values_ms` (requests,): infinite for a request that was cut off before its latency could be measured."""
    if len(values_ms) == 0:
        return Held(term, None, None, None)
    ordered = np.sort(values_ms)
    if term.percent is None:
        mean = float(ordered.mean())
        reach = Z_95 * float(ordered.std()) / len(ordered) ** 0.5 if np.isfinite(mean) else 0.0
        return Held(term, _finite(mean), _finite(mean - reach), _finite(mean + reach))
    # An observation rather than an interpolation, because one of two neighbours may be infinite.
    value = float(np.percentile(ordered, term.percent, method="inverted_cdf"))
    low, high = (
        None if rank is None else ordered[rank - 1] for rank in side_ranks(len(ordered), term.percent)
    )
    return Held(term, _finite(value), _finite(low), _finite(high))


def hold_errors(term: Term, failed: int, count: int) -> Held:
    """`failed` of `count` requests failed."""
    if count == 0:
        return Held(term, None, None, None)
    return Held(term, failed / count, *wilson_interval(failed, count))


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
