"""The arrival plan: when each request of a run is to leave, drawn before the first one does.

The offsets are those of `vllm bench serve` 0.32 for the same seed: one gamma draw for each request
from NumPy's legacy generator, cumulated, and without a ramp stretched so that the last request
leaves at exactly count / rate.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.arrivals.gap_law import ks_distance

NS = 1_000_000_000
# The plan is held in memory, 8 bytes for each request.
MOST_REQUESTS = 200_000_000
# Offsets are int64 ns, which reach to 292 years.
LONGEST_S = 100 * 365 * 86_400.0
# Up to so many requests the span of a ramp is added up term by term.
EXACT_SUM = 100_000


@dataclass(frozen=True)
class Ramp:
    """A rate that moves from `from_rps` to `to_rps` over the requests of a run, both above 0.

    `strategy`: linear or exponential.
    """

    strategy: str
    from_rps: float
    to_rps: float

    def rates(self, count: int) -> NDArray[np.float64]:
        """The rate at each request, requests/s, shape (count,): by its index, not by time, as in vLLM.

        With p = i / max(count - 1, 1): from + (to - from) * p, or from * (to / from)^p.
        """
        progress = np.arange(count) / max(count - 1, 1)
        if self.strategy == "linear":
            return self.from_rps + (self.to_rps - self.from_rps) * progress
        return self.from_rps * (self.to_rps / self.from_rps) ** progress

    @property
    def mean_gap_s(self) -> float:
        """The mean of 1/rate over the ramp: ln(b/a)/(b-a) for linear, (1/a-1/b)/ln(b/a) for exponential."""
        a, b = self.from_rps, self.to_rps
        if math.isclose(a, b):
            return 1 / a
        ratio = math.log(b / a)
        return ratio / (b - a) if self.strategy == "linear" else (1 / a - 1 / b) / ratio

    def span_s(self, count: int) -> float:
        """When the last of `count` requests is expected to leave, s: the sum of 1/rate over them.

        For long runs by the trapezoidal rule backwards: (count - 1) * mean_gap_s + (1/from + 1/to) / 2.
        """
        if count <= EXACT_SUM:
            return float((1 / self.rates(count)).sum())
        return (count - 1) * self.mean_gap_s + (1 / self.from_rps + 1 / self.to_rps) / 2


def arrival_offsets_ns(
    count: int,
    *,
    rate_rps: float,
    burstiness: float = 1.0,
    seed: int = 0,
    ramp: Ramp | None = None,
    generator: np.random.RandomState | None = None,
) -> NDArray[np.int64]:
    """Offsets from the start at which requests leave, ns, shape (count,), ascending.

    `rate_rps` inf: all zeros. `burstiness`: the gamma shape of the gaps (1: Poisson; inf: constant).
    `generator`: where the gaps are drawn from, by default a fresh one of `seed`. With `ramp`, the rate comes from it and `rate_rps` is not used; the offsets are then not stretched.
    Raises BadInput for a plan that is too large to keep or too long to run.
    """
    if count > MOST_REQUESTS:
        raise BadInput(
            f"a plan of {count} requests is too large (at most {MOST_REQUESTS}); "
            "give a lower --num-requests, --rate or --duration"
        )
    if ramp is None and math.isinf(rate_rps):
        return np.zeros(count, dtype=np.int64)
    span_s = ramp.span_s(count) if ramp is not None else count / rate_rps
    if span_s > LONGEST_S:
        raise BadInput(
            f"{count} requests at this --rate would take {span_s / (365 * 86_400):.3g} years; "
            "give a higher --rate or a lower --num-requests"
        )
    rates = ramp.rates(count) if ramp is not None else np.full(count, float(rate_rps))
    if math.isinf(burstiness):
        gaps_s = 1 / rates
    else:
        # The private twin of the global generator that vLLM seeds and draws from.
        generator = generator or np.random.RandomState(seed)
        gaps_s = generator.gamma(shape=burstiness, scale=1 / (rates * burstiness))
    offsets_s = np.cumsum(gaps_s)
    if ramp is None and count and offsets_s[-1] > 0:
        offsets_s *= (count / rate_rps) / offsets_s[-1]
    if count and not 0 < offsets_s[-1] <= 2 * LONGEST_S:
        raise BadInput(f"--burstiness {burstiness:g} is too small to draw gaps from; give 0.01 or more")
    return np.rint(offsets_s * NS).astype(np.int64)


def requests_within(duration_s: float, *, rate_rps: float, ramp: Ramp | None = None) -> int:
    """How many requests a plan may hold that is to end within `duration_s`; at least one.

    At a finite rate floor(duration * rate), since the last leaves at count / rate. With a ramp the
    largest count for which Ramp.span_s(count), the expected time of the last, is within the duration.
    Raises BadInput for more than can be planned.
    """
    most = duration_s * (max(ramp.from_rps, ramp.to_rps) if ramp is not None else rate_rps)
    if most > MOST_REQUESTS:
        raise BadInput(
            f"--duration {duration_s:g} s at this --rate is {most:.3g} requests (at most {MOST_REQUESTS}); "
            "give a lower one of them"
        )
    # 0.29 s at 100 requests/s is 29 of them, and 28.999999999999996 in floating point.
    count = math.floor(most * (1 + 1e-12))
    if ramp is None:
        return max(1, count)
    few, many = 0, count + 1
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (middle, many) if ramp.span_s(middle) <= duration_s else (few, middle)
    return max(1, few)


def plan_fingerprint(offsets_ns: NDArray[np.int64]) -> str:
    """sha256 of the offsets as little-endian int64."""
    return hashlib.sha256(np.ascontiguousarray(offsets_ns, dtype="<i8").tobytes()).hexdigest()


@dataclass(frozen=True)
class GapStatistics:
    """What a process of arrivals looks like.

    `count`: how many gaps. `cv`: standard deviation of the gaps over their mean (Poisson 1, constant 0).
    `dispersion`: variance over mean of the counts in windows of ten mean gaps (Poisson 1); nan where
    fewer than ten windows fit. `ks`: largest distance between the gaps' distribution and the asked one
    (see gap_law.ks_distance); `ks_limit`: what a process of the asked law exceeds at most once in a
    hundred runs (1.63 / sqrt(count), Kolmogorov).
    """

    count: int
    rate_rps: float
    cv: float
    dispersion: float
    ks: float
    ks_limit: float


def gap_statistics(
    times_ns: NDArray[np.int64], *, shape: float, rate_rps: float | None = None
) -> GapStatistics | None:
    """Judges times of arrival against gamma gaps of `shape` (inf: constant); None for under 3 of them.

    `rate_rps` is the asked rate; by default the rate that was reached.
    """
    times_s = np.sort(np.asarray(times_ns)) / NS
    if len(times_s) < 3 or times_s[-1] <= times_s[0]:
        return None
    gaps_s = np.diff(times_s)
    n = len(gaps_s)
    mean_s = float(gaps_s.mean())
    ks = ks_distance(np.sort(gaps_s) * (rate_rps or 1 / mean_s), shape)
    cv = float(gaps_s.std() / mean_s)
    return GapStatistics(n, 1 / mean_s, cv, dispersion_index(times_s, 10 * mean_s), ks, 1.63 / math.sqrt(n))


def dispersion_index(times_s: NDArray[np.float64], window_s: float) -> float:
    """Variance over mean of the counts in whole windows of `window_s`; nan for fewer than ten of them."""
    windows = math.floor((times_s[-1] - times_s[0]) / window_s)
    if windows < 10:
        return math.nan
    which = ((times_s - times_s[0]) / window_s).astype(np.int64)
    counts = np.bincount(which[which < windows], minlength=windows)
    return float(counts.var() / counts.mean())
