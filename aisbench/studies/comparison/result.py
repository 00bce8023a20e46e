"""The result of one run, in one form for all tools: its settings, its figures, and the values behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.metrics import TITLES

LATENCIES = tuple(TITLES)
STATISTICS = ("mean", "median", "p99")


@dataclass(frozen=True)
class Sample:
    """The values behind a latency.

    `values_ms` (n,) float64. `owner` (n,) int64: the request that a value belongs to, counted from 0 in the order in
    which requests began, so that neighbours ran at about the same time. `weights` (n,) float64: how many observations a
    value stands for, if a request's mean gap is known but not its single gaps. `is_whole` is False if any weight is not
    1: then only the mean can be computed, not a percentile.
    """

    values_ms: NDArray[np.float64]
    owner: NDArray[np.int64]
    weights: NDArray[np.float64]
    is_whole: bool = True

    @staticmethod
    def of_requests(values_ms: NDArray[np.floating]) -> Sample:
        """`values_ms` (requests,): one value for each request, NaN if it has none."""
        values = np.asarray(values_ms, np.float64)
        known = np.isfinite(values)
        owner = np.flatnonzero(known).astype(np.int64)
        return Sample(values[known], owner, np.ones(len(owner)))

    @staticmethod
    def of_gaps(gaps_ms: list[NDArray[np.floating]]) -> Sample:
        """Several values for each request: `gaps_ms` holds one array (gaps,) per request."""
        counts = [len(gaps) for gaps in gaps_ms]
        owner = np.repeat(np.arange(len(gaps_ms), dtype=np.int64), counts)
        values = np.concatenate([np.empty(0), *gaps_ms]).astype(np.float64)
        return Sample(values, owner, np.ones(len(owner)))

    @staticmethod
    def of_mean_gaps(total_ms: NDArray[np.floating], gaps: NDArray[np.integer]) -> Sample:
        """`total_ms` (requests,): the sum of each request's gaps; `gaps` (requests,): how many it has."""
        some = np.asarray(gaps) > 0
        counts = np.asarray(gaps)[some].astype(np.float64)
        means = np.asarray(total_ms, np.float64)[some] / counts
        return Sample(means, np.flatnonzero(some).astype(np.int64), counts, is_whole=False)

    @property
    def requests(self) -> int:
        """How many requests have a value."""
        return len(np.unique(self.owner))


@dataclass(frozen=True)
class Setup:
    """The settings of a run, as far as the result contains them; the others are None.

    `api` is "completions", "chat" or another name that the tool uses; `rate` is in requests/s, inf for a closed loop;
    `sampling` holds temperature and similar parameters that were set; `length_rule` is "fixed" or the range of lengths.
    """

    model: str | None = None
    tokenizer: str | None = None
    api: str | None = None
    streams: bool | None = None
    dataset: str | None = None
    num_requests: int | None = None
    rate: float | None = None
    burstiness: float | None = None
    concurrency: int | None = None
    seed: int | None = None
    ignore_eos: bool | None = None
    sampling: dict[str, Any] | None = None
    length_rule: str | None = None
    warmup: int | None = None


@dataclass(frozen=True)
class Habits:
    """How a tool measures, which decides whether its figures mean the same as another's.

    `ttft_at`: "content" or "first-chunk". `origin`: "send" (when the bytes leave), "slot" (before a connection is
    found, so connecting counts) or "connection" (a new connection for each request, which counts). `end`: "content"
    (the last event with content) or "done" (the end of the stream). `itl_per`: "chunk", "token" or "request" (one mean
    gap per request). `output_tokens`: "usage", "tokenizer" or "events". `tells_queue`: whether the result contains the
    time spent waiting for the in-flight limit.
    """

    ttft_at: str | None = None
    origin: str | None = None
    end: str | None = None
    itl_per: str | None = None
    output_tokens: str | None = None
    tells_queue: bool = False


@dataclass(frozen=True)
class ToolResult:
    """The result of one run.

    `figures`: by names such as "ttft_ms.mean" and "request_throughput"; unknown ones are missing. `samples`: by name in
    LATENCIES. `input_lens` and `output_lens`: tokens (requests,) int64, or None. `fingerprint`: aisbench's; empty for
    other tools. `verdict`: "valid", "doubtful", "invalid", or None if the tool gives no verdict.
    """

    tool: str
    path: str
    setup: Setup
    habits: Habits
    figures: dict[str, float]
    samples: dict[str, Sample] = field(default_factory=dict)
    input_lens: NDArray[np.int64] | None = None
    output_lens: NDArray[np.int64] | None = None
    fingerprint: dict[str, Any] = field(default_factory=dict)
    verdict: str | None = None
    verdict_reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Repeats of the same run under one name; a single run is a group of one."""

    name: str
    runs: tuple[ToolResult, ...]

    @property
    def first(self) -> ToolResult:
        return self.runs[0]

    def values(self, key: str) -> list[float]:
        """The figure `key` of each run that has it."""
        return [run.figures[key] for run in self.runs if key in run.figures]


def described_figures(name: str, values_ms: NDArray[np.floating]) -> dict[str, float]:
    """Mean, median and p99 (numpy's linear rule) of `values_ms` (n,); empty if there are no values."""
    if len(values_ms) == 0:
        return {}
    return {
        f"{name}_ms.mean": float(np.mean(values_ms)),
        f"{name}_ms.median": float(np.median(values_ms)),
        f"{name}_ms.p99": float(np.percentile(values_ms, 99)),
    }


def number(value: Any) -> float | None:
    """`value` as a float, which may be infinite; None for anything that is not a number."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return None if np.isnan(found) else found


def known(figures: dict[str, Any]) -> dict[str, float]:
    """The entries that are finite numbers, as floats."""
    return {
        name: found
        for name, value in figures.items()
        if (found := number(value)) is not None and np.isfinite(found)
    }
