"""Bootstrap intervals of a run's statistics: resampled requests, and repeats.

Within a run the resampled unit is a block of neighbouring requests, as long as the cube root of their number (the
block bootstrap of Künsch 1989, with blocks that do not overlap). Requests of one run share batches, so neighbours are
alike, and resampling them singly would give too narrow an interval. A block keeps all its token gaps.
`difference` says how repeats are treated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.statistics.distributions import student_quantile
from aisbench.studies.comparison.result import Sample

REPLICATES = 2000
CONFIDENCE = 0.95
# Above these, neighbours are merged, so memory is bounded by blocks x levels numbers of 4 bytes.
_MOST_BLOCKS = 2048
_MOST_LEVELS = 2048
# With fewer values beyond a percentile, or fewer blocks for a mean, resampling says little about the spread.
_LEAST_BEYOND = 5
_LEAST_BLOCKS = 8
_QUANTILES = {"median": 0.5, "p99": 0.99}


@dataclass(frozen=True)
class Spread:
    """`draws` (replicates,): a statistic of each resampling."""

    draws: NDArray[np.float64]

    def interval(self) -> tuple[float, float]:
        """The middle 95 % (the percentile interval: Efron & Tibshirani 1993, chapter 13)."""
        return middle(self.draws)


def middle(draws: NDArray[np.floating]) -> tuple[float, float]:
    low, high = np.percentile(draws, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return float(low), float(high)


def _blocks_of(sample: Sample) -> tuple[NDArray[np.int64], int]:
    """The block of each value (n,), and the number of blocks."""
    requests = int(sample.owner.max()) + 1 if len(sample.owner) else 0
    length = max(1, math.ceil(requests ** (1 / 3)), math.ceil(requests / _MOST_BLOCKS))
    blocks = sample.owner // length
    used, dense = np.unique(blocks, return_inverse=True)
    return dense.astype(np.int64), len(used)


def resampled(sample: Sample, statistics: Sequence[str], random: np.random.Generator) -> dict[str, Spread]:
    """REPLICATES draws of each of `statistics` ("mean", "median", "p99") that `sample` can support."""
    block, blocks = _blocks_of(sample)
    if blocks < _LEAST_BLOCKS:
        return {}
    drawn = _drawn(blocks, random)
    found = {}
    if "mean" in statistics:
        total = np.bincount(block, sample.values_ms * sample.weights, blocks)
        count = np.bincount(block, sample.weights, blocks)
        found["mean"] = Spread((drawn @ total) / (drawn @ count))
    wanted = [name for name in statistics if name in _QUANTILES and _can_tell(sample, _QUANTILES[name])]
    if wanted:
        quantiles = _resampled_quantiles(
            sample.values_ms, block, drawn, [_QUANTILES[name] for name in wanted]
        )
        found |= {name: Spread(draws) for name, draws in zip(wanted, quantiles, strict=True)}
    return found


def _drawn(blocks: int, random: np.random.Generator) -> NDArray[np.float32]:
    """How often each replicate drew each block: (replicates, blocks)."""
    # As Generator.multinomial gives them, in a third of its time.
    places = random.integers(0, blocks, (REPLICATES, blocks), dtype=np.int32)
    counts = np.empty((REPLICATES, blocks), np.float32)
    for replicate, chosen in enumerate(places):
        counts[replicate] = np.bincount(chosen, minlength=blocks)
    return counts


def _can_tell(sample: Sample, quantile: float) -> bool:
    """Whether enough requests lie beyond `quantile` for resampling to show how uncertain it is."""
    return sample.is_whole and sample.requests * min(quantile, 1 - quantile) >= _LEAST_BEYOND


def _resampled_quantiles(
    values: NDArray[np.float64], block: NDArray[np.int64], drawn: NDArray[np.float32], quantiles: list[float]
) -> list[NDArray[np.float64]]:
    """The draws (replicates,) of each of `quantiles`.

    Puts the values (n,) on a grid of levels: the values themselves if there are few, else 1,024 quantiles and as many
    more beyond the 97th percentile. The cumulative counts by block and level, multiplied by `drawn` (replicates,
    blocks), give each replicate's cumulative histogram; the quantile is interpolated between two levels.
    """
    levels = np.unique(values)
    if len(levels) > _MOST_LEVELS:
        half = _MOST_LEVELS // 2
        shares = np.concatenate([np.linspace(0, 1, half), np.linspace(0.97, 1, half)])
        levels = np.unique(np.quantile(values, shares))
    at = np.minimum(np.searchsorted(levels, values), len(levels) - 1)
    size = drawn.shape[1] * len(levels)
    counts = np.bincount(block * len(levels) + at, minlength=size).reshape(drawn.shape[1], len(levels))
    up_to = np.cumsum(counts, axis=1)
    # Counts are whole numbers, which four bytes hold exactly below 2 ** 24.
    exact = np.float32 if drawn.shape[1] * up_to[:, -1].max() < 1 << 24 else np.float64
    below = drawn.astype(exact) @ up_to.astype(exact)
    total = below[:, -1].astype(np.float64)
    found = []
    for quantile in quantiles:
        # As numpy's linear rule: at place (n - 1) q, counted from 0, interpolated between the two neighbours.
        place = (total - 1) * quantile
        low, high = (_level_at(below, levels, np.floor(place) + up) for up in (1, 2))
        found.append(low + (high - low) * (place - np.floor(place)))
    return found


def _level_at(
    below: NDArray[np.floating], levels: NDArray[np.float64], rank: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The level (replicates,) of each replicate's value of `rank` (replicates,), counted from 1.

    `below` (replicates, levels): how many values are at or below each level.
    """
    wanted = np.minimum(rank, below[:, -1]) - 0.5
    each = np.arange(len(below))
    low, high = np.zeros_like(each), np.full_like(each, len(levels) - 1)
    while np.any(low < high):
        half = (low + high) // 2
        reached = below[each, half] >= wanted
        low, high = np.where(reached, low, half + 1), np.where(reached, half, high)
    found: NDArray[np.float64] = levels[low]
    return found


def difference(
    first: Sequence[float],
    second: Sequence[float],
    first_spreads: Sequence[Spread | None],
    second_spreads: Sequence[Spread | None],
) -> tuple[float, float] | None:
    """The 95 % interval of second / first - 1, each side the geometric mean of its runs; None if there is none.

    With one run on each side, the interval comes from the requests alone. With repeats the unit is the run: the spread
    of the logarithms between repeats, pooled over both sides, with Student's t because there are few. Resampling three
    runs would be too narrow: a resampled mean of k runs varies by (k - 1) / k of what it should, and its tails are
    normal. The requests then add nothing: repeats send the same ones, so the chance in choosing them is the same in
    all. A single run against repeats is assumed to scatter as they do. It needs values of single requests, and its
    interval is at least as wide as the one from those.
    """
    if min(*first, *second) <= 0:
        return None
    own = None
    spreads = [*first_spreads, *second_spreads]
    if all(spread is not None and np.all(spread.draws > 0) for spread in spreads):
        own = middle(_log_mean(second_spreads) - _log_mean(first_spreads))
    freedom = len(first) + len(second) - 2
    if own is None and min(len(first), len(second)) == 1:
        return None
    if own is not None and freedom == 0:
        return math.expm1(own[0]), math.expm1(own[1])
    logs = [np.log(np.asarray(side, np.float64)) for side in (first, second)]
    squares = sum(float(np.sum((side - side.mean()) ** 2)) for side in logs)
    error = math.sqrt(squares / freedom * (1 / len(first) + 1 / len(second)))
    middle_log = float(logs[1].mean() - logs[0].mean())
    reach = student_quantile(0.5 + CONFIDENCE / 2, freedom) * error
    low, high = middle_log - reach, middle_log + reach
    if own is not None and min(len(first), len(second)) == 1:
        low, high = min(low, own[0]), max(high, own[1])
    return math.expm1(low), math.expm1(high)


def _log_mean(spreads: Sequence[Spread | None]) -> NDArray[np.float64]:
    """The draws (replicates,) of the mean of the runs' logarithms."""
    found: NDArray[np.float64] = np.mean(
        [np.log(spread.draws) for spread in spreads if spread is not None], axis=0
    )
    return found
