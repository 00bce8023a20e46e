"""Which prompt has which prefix: how often each is used, and in what order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.prefixes.options import GROUPED, INTERLEAVED, UNIFORM, popularity_weights

Ints = NDArray[np.int64]


def weights_of(popularity: str | None, prefixes: int | None, default: int) -> NDArray[np.float64]:
    """The weight of each prefix, shape (prefixes,). `prefixes` None: as many as there are weights, else `default`.

    Raises BadInput for weights that are more or fewer than the prefixes.
    """
    found = popularity_weights("--prefix-popularity", popularity or UNIFORM)
    if isinstance(found, list):
        if prefixes not in (None, len(found)):
            raise BadInput(
                f"--prefix-popularity has {len(found)} weights for --num-prefixes {prefixes}; give one for each"
            )
        return np.array(found)
    return np.arange(1, (default if prefixes is None else prefixes) + 1, dtype=np.float64) ** -found


def shares(count: int, weights: NDArray[np.float64]) -> Ints:
    """`count` prompts shared out by weight: each prefix gets its share, rounded by the method of largest remainders."""
    exact = count * weights / weights.sum()
    whole: Ints = np.floor(exact).astype(np.int64)
    left = count - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:left]] += 1
    return whole


def in_order(counts: Ints, order: str, generator: np.random.Generator) -> Ints:
    """The prefix of each prompt, shape (counts.sum(),).

    Interleaved: the j-th of a prefix's n prompts stands at (j + 1/2) / n of the run, so that prompts of the same
    prefix are as far apart as can be, whatever the popularity.
    """
    groups = np.repeat(np.arange(len(counts)), counts)
    if order == GROUPED:
        return groups
    if order == INTERLEAVED:
        first = np.cumsum(counts) - counts
        place = (np.arange(len(groups)) - np.repeat(first, counts) + 0.5) / np.repeat(counts, counts)
        return groups[np.argsort(place, kind="stable")]
    return generator.permutation(groups)
