"""What a load has to meet: `ttft_p99<500 tpot_p99<50 error_rate<0.01`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.intervals import ranks
from aisbench.errors import BadInput

LATENCIES = ("ttft", "tpot", "e2el")
ERROR_RATE = "error_rate"
EXAMPLE = "--slo 'ttft_p99<500 tpot_p99<50 error_rate<0.01'"
TERM = re.compile(r"(?P<name>[a-z_0-9.]+)<(?P<equal>=?)(?P<bound>[0-9.]+(?:[eE][-+]?[0-9]+)?)$")
STATISTIC = re.compile(r"(?P<metric>[a-z0-9]+)_(?P<statistic>mean|median|p(?P<percent>[0-9]+(?:\.[0-9]+)?))$")
# Of the normal distribution: 95 % lie within so many standard deviations of the mean.
Z_95 = 1.959964


@dataclass(frozen=True)
class Term:
    """A bound on one figure: ms for latencies, a share from 0 to 1 for error_rate.

    `percent` is None for a mean and for error_rate.
    """

    name: str
    metric: str
    percent: float | None
    bound: float

    def __str__(self) -> str:
        return f"{self.name}<{self.bound:g}"


@dataclass(frozen=True)
class Held:
    """A term held against what was measured: `low` and `high` are the 95 % interval of `value` (None: the
    sample cannot support one). A latency that has no value (infinite) is None."""

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


def parse_slo(text: str) -> tuple[Term, ...]:
    """The terms of `text`, separated by blanks or commas; raises BadInput for what is none."""
    terms = []
    for part in text.replace(",", " ").split():
        match = TERM.match(part)
        if match is None:
            raise BadInput(f"--slo: {part!r} is no bound; give terms such as {EXAMPLE}")
        terms.append(term(match["name"], float(match["bound"])))
    names = [one.name for one in terms]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"--slo names {name} twice; give each bound once")
    return tuple(terms)


def term(name: str, bound: float) -> Term:
    if name == ERROR_RATE:
        if not 0 <= bound < 1:
            raise BadInput(f"--slo: error_rate<{bound:g} makes no sense; give a share from 0 to below 1")
        return Term(name, name, None, bound)
    match = STATISTIC.match(name)
    if match is None or match["metric"] not in LATENCIES:
        raise BadInput(
            f"--slo: unknown figure {name!r}; known: error_rate, and {', '.join(LATENCIES)} each with _mean, _median "
            "or a percentile, as in ttft_p99"
        )
    if bound <= 0:
        raise BadInput(f"--slo: {name}<{bound:g} makes no sense; give milliseconds above 0")
    percent = (
        50.0 if match["statistic"] == "median" else float(match["percent"]) if match["percent"] else None
    )
    if percent is not None and not 0 < percent < 100:
        raise BadInput(f"--slo: {name} is no percentile; give one between 0 and 100, as in ttft_p99")
    return Term(name, match["metric"], percent, bound)


def hold_latency(term: Term, values_ms: NDArray[np.float64]) -> Held:
    """`values_ms` holds one value for each request; infinite for those that never came to one."""
    if len(values_ms) == 0:
        return Held(term, None, None, None)
    ordered = np.sort(values_ms)
    if term.percent is None:
        mean = float(ordered.mean())
        reach = Z_95 * float(ordered.std()) / len(ordered) ** 0.5 if np.isfinite(mean) else 0.0
        return Held(term, finite(mean), finite(mean - reach), finite(mean + reach))
    # An observation, not a mix of two: one of the two may be infinite.
    value = float(np.percentile(ordered, term.percent, method="inverted_cdf"))
    between = ranks(len(ordered), term.percent)
    low, high = (None, None) if between is None else (ordered[rank - 1] for rank in between)
    return Held(term, finite(value), finite(low), finite(high))


def hold_errors(term: Term, failed: int, count: int) -> Held:
    """Wilson's interval (Journal of the American Statistical Association 22, 1927): also good near 0."""
    if count == 0:
        return Held(term, None, None, None)
    share = failed / count
    spread = Z_95**2 / count
    middle = (share + spread / 2) / (1 + spread)
    reach = Z_95 * (share * (1 - share) / count + spread / (4 * count)) ** 0.5 / (1 + spread)
    return Held(term, share, max(0.0, middle - reach), min(1.0, middle + reach))


def finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
