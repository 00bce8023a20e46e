"""Judges each metric: same, differs or cannot tell, from the interval of the difference and a margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aisbench.metrics import TITLES
from aisbench.studies.comparison.bootstrap import Spread, difference, resampled
from aisbench.studies.comparison.result import LATENCIES, STATISTICS, Group

MARGIN = 0.05
SAME, DIFFERS, CANNOT_TELL = "same", "differs", "cannot tell"


@dataclass(frozen=True)
class Metric:
    """`counts`: a count rather than an estimate, so it is the same only if it is equal."""

    key: str
    title: str
    unit: str
    counts: bool = False

    @property
    def label(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title


METRICS = (
    Metric("completed", "Completed requests", "", counts=True),
    Metric("failed", "Failed requests", "", counts=True),
    Metric("total_input_tokens", "Input tokens", "", counts=True),
    Metric("total_output_tokens", "Output tokens", "", counts=True),
    Metric("duration", "Duration", "s"),
    Metric("request_throughput", "Request throughput", "1/s"),
    Metric("output_throughput", "Output tokens", "1/s"),
    Metric("total_token_throughput", "All tokens", "1/s"),
    *(
        Metric(f"{name}_ms.{statistic}", f"{TITLES[name]} {statistic}", "ms")
        for name in LATENCIES
        for statistic in STATISTICS
    ),
    Metric("cpu_s", "Client's CPU time", "s"),
    Metric("cpu_us_per_token", "Client's CPU per token", "us"),
)


@dataclass(frozen=True)
class Cell:
    """A group's value of a metric: the geometric mean of its repeats (for counts the mean), and how certain it is.

    `low`, `high`: for a single run, the 95 % interval from resampling its requests (`range_of` is "requests"); for
    repeats, the smallest and largest value (`range_of` is "runs"). All groups but the baseline also have `ratio`,
    `difference`, the interval of the relative difference, the verdict and its reason (`why`).
    """

    value: float | None
    counts: bool = False
    low: float | None = None
    high: float | None = None
    range_of: str | None = None
    ratio: float | None = None
    difference: float | None = None
    relative_low: float | None = None
    relative_high: float | None = None
    verdict: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Row:
    metric: Metric
    cells: tuple[Cell, ...]


def judge(groups: Sequence[Group], *, margin: float = MARGIN, seed: int = 0) -> list[Row]:
    """A row for each metric that any of `groups` has; the first group is the baseline.

    `margin`: the largest relative difference that counts as none. The same data and `seed` give the same rows.
    """
    spreads = Spreads(groups, seed)
    rows = []
    for metric in METRICS:
        if not any(group.values(metric.key) for group in groups):
            continue
        baseline = groups[0]
        cells = [_own_cell(baseline, metric, spreads)]
        cells += [against(baseline, group, metric, spreads, margin) for group in groups[1:]]
        rows.append(Row(metric, tuple(cells)))
    return rows


class Spreads:
    """The resampled statistics of every run, each computed once."""

    def __init__(self, groups: Sequence[Group], seed: int) -> None:
        random = np.random.default_rng(seed)
        self.found: dict[tuple[str, int, str], Spread] = {}
        for group in groups:
            for at, run in enumerate(group.runs):
                for name, sample in sorted(run.samples.items()):
                    for statistic, spread in resampled(sample, STATISTICS, random).items():
                        self.found[group.name, at, f"{name}_ms.{statistic}"] = spread

    def of(self, group: Group, key: str) -> list[Spread | None]:
        """One for each run that has the figure `key`."""
        return [
            self.found.get((group.name, at, key)) for at, run in enumerate(group.runs) if key in run.figures
        ]


def _own_cell(group: Group, metric: Metric, spreads: Spreads) -> Cell:
    values = group.values(metric.key)
    if not values:
        return Cell(None)
    value = _middle_value(values, metric)
    if len(values) > 1:
        return Cell(value, metric.counts, min(values), max(values), "runs")
    (spread,) = spreads.of(group, metric.key)
    if spread is None:
        return Cell(value, metric.counts)
    return Cell(value, False, *spread.interval(), "requests")


def _middle_value(values: Sequence[float], metric: Metric) -> float:
    if len(values) == 1:
        return values[0]
    if metric.counts or min(values) <= 0:
        return float(np.mean(values))
    return math.exp(float(np.mean(np.log(values))))


def against(baseline: Group, group: Group, metric: Metric, spreads: Spreads, margin: float) -> Cell:
    """The group's cell, compared with the baseline's."""
    own = _own_cell(group, metric, spreads)
    first, second = baseline.values(metric.key), group.values(metric.key)
    if not first or not second:
        return replace(own, verdict=CANNOT_TELL, why="only one of the two results contains it")
    base = _middle_value(first, metric)
    assert own.value is not None
    compared = replace(own, difference=own.value - base, ratio=own.value / base if base > 0 else None)
    if metric.counts:
        same = sorted(set(first)) == sorted(set(second))
        return replace(compared, verdict=SAME if same else DIFFERS, why="counted, not estimated")
    sides = (spreads.of(baseline, metric.key), spreads.of(group, metric.key))
    found = difference(first, second, *sides)
    if found is None:
        return replace(compared, verdict=CANNOT_TELL, why=_why_not(first, second, metric))
    low, high = found
    verdict, why = verdict_of(low, high, margin)
    return replace(compared, relative_low=low, relative_high=high, verdict=verdict, why=why)


def verdict_of(low: float, high: float, margin: float) -> tuple[str, str]:
    """The verdict and its reason, from the 95 % interval of the relative difference, `low` to `high`."""
    if -margin <= low and high <= margin:
        return SAME, f"the interval lies within {margin:.0%} on both sides"
    if low > margin or high < -margin:
        return DIFFERS, f"the interval lies entirely beyond {margin:.0%}"
    return CANNOT_TELL, f"the interval lies partly within and partly beyond {margin:.0%}"


def _why_not(first: Sequence[float], second: Sequence[float], metric: Metric) -> str:
    if min(*first, *second) <= 0:
        return "one of the values is 0, so there is no ratio"
    if metric.key.endswith("_ms.p99"):
        return "no values of single requests, or fewer than 500 of them, so p99 depends on the slowest few; repeat the runs"
    if "_ms." in metric.key:
        return "one of the two kept no values of single requests; keep them (--save-detailed), or repeat the runs"
    return "there is one number from one run; repeat the runs (NAME=run,run)"
