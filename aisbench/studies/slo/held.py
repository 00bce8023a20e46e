"""Compares measured figures with the bounds of an SLO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.statistics.intervals import side_ranks
from aisbench.shares import Z_95, wilson_interval
from aisbench.studies.slo.terms import Term


@dataclass(frozen=True)
class Share:
    """`happened` of `count`. A score that is not 0 or 1 counts in part."""

    happened: float = 0.0
    count: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.happened + other.happened, self.count + other.count)

    def as_dict(self) -> dict[str, Any] | None:
        """With the 95 % interval; None where there is nothing to take a share of."""
        if self.count == 0:
            return None
        low, high = wilson_interval(self.happened, self.count)
        return {"answers": self.count, "share": self.happened / self.count, "low": low, "high": high}


NO_SHARE = Share()


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
        return self.value is not None and self._fits(self.value)

    def _fits(self, value: float) -> bool:
        return value >= self.term.bound if self.term.sign == ">" else value <= self.term.bound

    @property
    def clear(self) -> bool:
        """True when the whole interval lies on one side of the bound."""
        if self.value is None:
            return True
        # The end that is furthest on the wrong side, and on the right one.
        worst, best = (self.low, self.high) if self.term.sign == ">" else (self.high, self.low)
        if self.met:
            return worst is not None and self._fits(worst)
        return best is not None and not self._fits(best)


def hold(
    slo: Sequence[Term], latencies: Mapping[str, NDArray[np.float64]], shares: Mapping[str, Share]
) -> tuple[Held, ...]:
    """Each bound of `slo` with its figure. `latencies`: values in ms by metric; `shares`: by the names of their terms."""
    return tuple(
        hold_share(term, shares[term.name])
        if term.name in shares
        else hold_latency(term, latencies.get(term.metric, np.empty(0)))
        for term in slo
    )


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


def hold_share(term: Term, share: Share) -> Held:
    if share.count == 0:
        return Held(term, None, None, None)
    return Held(term, share.happened / share.count, *wilson_interval(share.happened, share.count))


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
