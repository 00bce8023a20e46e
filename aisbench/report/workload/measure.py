"""The figures that the page of a workload draws: distributions, turns, rates, and hits of prefix caches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.cache_hits import PromptBlocks
from aisbench.workload.prefix_reuse import BLOCK
from aisbench.workload.sessions.contents import Contents

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Blocks of prompts without ids that are kept for the hits by cache size: 64 MiB of hashes, about 130 million tokens.
MOST_BLOCKS = 8 << 20
# The sizes of caches are these times a power of ten.
_STEPS = (1, 2, 5)
_MOST_SIZES = 9
_CURVE_POINTS = 200
_RATE_BINS = 120
# As in the report of a run, later turns are put together.
_MOST_TURNS = 50


@dataclass(frozen=True)
class CacheHits:
    """The shares of all prompt tokens that caches of `tokens` tokens could serve, ascending, and an endless one, which
    comes to hold `needed` tokens. `prompts`: how many prompts, from the first on, this was computed for."""

    tokens: list[int]
    shares: list[float]
    endless: float
    needed: int
    prompts: int


@dataclass(frozen=True)
class ByTurn:
    """By the place of a turn, from 1; the last one includes all later ones. `repeated`: the share of the prompts' bytes
    that an endless cache would hold, for the prompts whose blocks were kept; nan for turns without any."""

    requests: Ints
    prompt_tokens: Floats
    output_tokens: Floats
    repeated: Floats


def curve(values: NDArray[np.number]) -> tuple[Floats, Floats]:
    """The distribution of values: each one, and the share in % that is at most as large; thinned evenly."""
    shares = np.linspace(0, 1, min(_CURVE_POINTS, max(2, len(values))))
    return np.quantile(values, shares, method="inverted_cdf").astype(float), 100 * shares


def rate(at_ns: Ints) -> tuple[Floats, Floats]:
    """Edges in s of equal parts of the time of `at_ns`, ascending, and what came per second in each."""
    at_s = (at_ns - at_ns[0]) / 1e9
    bins = min(_RATE_BINS, max(1, len(at_s) // 2))
    counts, edges = np.histogram(at_s, bins=bins, range=(0, float(at_s[-1])))
    return edges, counts / np.diff(edges)


def by_turn(found: Contents) -> ByTurn:
    turn = np.minimum(found.turns, _MOST_TURNS - 1)
    count = int(turn.max()) + 1
    requests = np.bincount(turn, minlength=count)
    known = found.output_tokens >= 0
    answered = np.bincount(turn[known], minlength=count)
    kept = turn[: len(found.sizes)]
    sizes = np.bincount(kept, np.array(found.sizes, float), count)
    repeated = np.bincount(kept, BLOCK * _repeated_blocks(found.hashes).astype(float), count)
    return ByTurn(
        requests,
        np.bincount(turn, found.prompt_tokens, count) / requests,
        _ratio(np.bincount(turn[known], found.output_tokens[known], count), answered),
        _ratio(repeated, sizes),
    )


def cache_hits(found: Contents) -> CacheHits | None:
    """The hits by the ids of a trace, or else by the equal beginnings of texts; None if no prompt has a whole block."""
    blocks, tokens_per_unit = found.prompts.blocks, 1.0
    prompts = found.count
    if blocks is None:
        blocks, tokens_per_unit = _blocks_of_texts(found)
        prompts = len(found.sizes)
    endless = blocks.hits()
    units = int((endless.prompt_tokens - endless.tokens).sum())
    needed = round(units * tokens_per_unit)
    if needed == 0 or not any(len(ids) for ids in blocks.ids):
        return None
    sizes = _sizes(needed)
    shares = [blocks.hits(max(1, round(size / tokens_per_unit))).share for size in sizes]
    return CacheHits(sizes, shares, endless.share, needed, prompts)


def _sizes(needed: int) -> list[int]:
    """Round numbers up to the first that is not below `needed`."""
    powers = range(int(np.log10(needed)) + 2)
    round_ones = [step * 10**power for power in powers for step in _STEPS]
    enough = next(at for at, size in enumerate(round_ones) if size >= needed)
    return round_ones[max(0, enough + 1 - _MOST_SIZES) : enough + 1]


def _blocks_of_texts(found: Contents) -> tuple[PromptBlocks, float]:
    """Blocks of bytes, whose ids say all before them, and the tokens per byte."""
    codes = np.unique(np.concatenate(found.hashes), return_inverse=True)[1].astype(np.int64)
    ends = np.cumsum([len(one) for one in found.hashes])[:-1]
    ids = [one.tolist() for one in np.split(codes, ends)]
    tokens = int(found.prompt_tokens[: len(found.sizes)].sum())
    return PromptBlocks(ids, found.sizes, BLOCK), tokens / max(1, sum(found.sizes))


def _repeated_blocks(hashes: list[NDArray[np.uint64]]) -> Ints:
    """How many blocks of each prompt were in an earlier one."""
    counts = np.array([len(one) for one in hashes], np.int64)
    owner = np.repeat(np.arange(len(hashes)), counts)
    _, first, which = np.unique(np.concatenate(hashes), return_index=True, return_inverse=True)
    seen = owner[first][which] < owner
    repeated: Ints = np.bincount(owner[seen], minlength=len(hashes))
    return repeated


def _ratio(part: NDArray[np.number], whole: NDArray[np.number]) -> Floats:
    """nan where there is nothing to divide by."""
    found = np.full(len(part), np.nan)
    np.divide(part, whole, out=found, where=np.asarray(whole) > 0)
    return found
