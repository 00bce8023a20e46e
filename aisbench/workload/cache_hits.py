"""The hits that a prefix cache could give for known prompts: an endless cache, or one of a given size with LRU.

A prompt is a list of block ids, each of which stands for `block` tokens. A cache finds a block if it holds it after
the same blocks before it, as vLLM's and SGLang's caches do; so hits are a beginning of the prompt. Only whole blocks
are ever found. Prompts arrive one after another, each complete before the next: requests that run at the same time
find less.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
BlockIds = Sequence[int | str] | Ints
# Ids below this are numbers of blocks as they are: with as many blocks before them, they make a key of 63 bits.
_SMALL = 1 << 31


@dataclass(frozen=True)
class Hits:
    """`tokens`: the tokens of each prompt that the cache holds; `prompt_tokens`: the length of each; int64."""

    tokens: Ints
    prompt_tokens: Ints

    @property
    def share(self) -> float:
        """All tokens found by all tokens, from 0 to 1; 0 where there are none."""
        total = int(self.prompt_tokens.sum())
        return int(self.tokens.sum()) / total if total else 0.0


@dataclass(frozen=True)
class PromptBlocks:
    """The block ids of prompts, in the order of their arrival; see theoretical_hits."""

    ids: Sequence[BlockIds]
    prompt_tokens: Sequence[int]
    block: int
    scopes: Sequence[int] | None = None

    def hits(self, cache_tokens: int | None = None) -> Hits:
        """What a cache of so many tokens holds of each prompt; None: an endless one."""
        capacity = None if cache_tokens is None else cache_tokens // self.block
        return theoretical_hits(self.ids, self.prompt_tokens, self.block, capacity, self.scopes)


def theoretical_hits(
    block_lists: Sequence[BlockIds],
    prompt_tokens: Sequence[int] | Ints,
    block: int,
    capacity_blocks: int | None = None,
    scopes: Sequence[int] | Ints | None = None,
) -> Hits:
    """The tokens of each prompt that a prefix cache holds when it arrives, for prompts in the order of arrival.

    `block_lists`: the block ids of each prompt; `prompt_tokens`: its length, which may leave the last block partial.
    `capacity_blocks`: the size of the cache, from which the block that was used least recently goes first, and of
    one prompt's blocks the last; None: nothing is ever dropped. `scopes`: numbers from 0; block ids are compared only
    between prompts of the same scope. Raises ValueError for numbers that do not fit.
    """
    lengths = np.asarray(prompt_tokens, dtype=np.int64)
    if block < 1 or len(lengths) != len(block_lists) or (capacity_blocks is not None and capacity_blocks < 0):
        raise ValueError(
            "block must be at least 1, capacity_blocks at least 0, and every prompt has a length"
        )
    counts = np.array([len(ids) for ids in block_lists], dtype=np.int64)
    whole = np.minimum(counts, lengths // block)
    first = np.concatenate(([0], np.cumsum(whole)))
    roots = np.zeros(len(counts), dtype=np.int64) if scopes is None else np.asarray(scopes, dtype=np.int64)
    codes = _codes(block_lists, whole)
    if capacity_blocks is None:
        return Hits(_seen(codes, first, roots) * block, lengths)
    # The blocks take the places of their codes, as a long trace has many millions of them.
    _seen(codes, first, roots, nodes=codes)
    return Hits(_found_by_lru(codes, first, capacity_blocks) * block, lengths)


def token_blocks(token_ids: Sequence[int] | NDArray[np.integer], block: int) -> list[int]:
    """An id for each whole block of a prompt: the first 64 bits of a hash (BLAKE2b) of its tokens."""
    data = np.asarray(token_ids, dtype="<i4").tobytes()
    step = 4 * block
    return [
        int.from_bytes(hashlib.blake2b(data[at : at + step], digest_size=8).digest(), "little", signed=True)
        for at in range(0, len(data) - step + 1, step)
    ]


def _codes(block_lists: Sequence[BlockIds], whole: Ints) -> Ints:
    """The ids of all whole blocks, prompt after prompt, as numbers from 0."""
    total = int(whole.sum())
    cut = (
        some if len(some) == most else some[:most]
        for some, most in zip(block_lists, whole.tolist(), strict=True)
    )
    try:
        if total and isinstance(block_lists[0], np.ndarray):
            numbers = np.concatenate(list(cut))
        else:
            numbers = np.fromiter(chain.from_iterable(cut), dtype=np.int64, count=total)
    except (ValueError, OverflowError, TypeError):
        return _codes_of_any(block_lists, whole)
    if total and numbers.min() >= 0 and numbers.max() < _SMALL:
        return numbers
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _codes_of_any(block_lists: Sequence[BlockIds], whole: Ints) -> Ints:
    """The same for texts and for numbers beyond 64 bits."""
    known: dict[int | str, int] = {}
    return np.array(
        [
            known.setdefault(one, len(known))
            for ids, most in zip(block_lists, whole.tolist(), strict=True)
            for one in ids[:most]
        ],
        dtype=np.int64,
    )


def _seen(codes: Ints, first: Ints, roots: Ints, nodes: Ints | None = None) -> Ints:
    """How many blocks of each prompt were in earlier prompts, after the same blocks before them.

    Prompts with different `roots` have no block in common. `nodes`: takes the number of each block together with all
    before it; it may be `codes` itself.

    Goes through the places in a prompt rather than through the prompts: at each, the blocks of all prompts that are
    long enough are numbered at once.
    """
    counts = np.diff(first)
    seen = np.zeros(len(counts), dtype=np.int64)
    kinds = int(codes.max()) + 1 if len(codes) else 1
    rows = np.flatnonzero(counts > 0)
    before = roots[rows]
    place = known = 0
    while len(rows):
        at = first[rows] + place
        _, earliest, own = np.unique(before * kinds + codes[at], return_index=True, return_inverse=True)
        seen[rows] += earliest[own] != np.arange(len(rows))
        if nodes is not None:
            nodes[at] = known + own
        known += len(earliest)
        place += 1
        longer = counts[rows] > place
        rows, before = rows[longer], own[longer]
    return seen


def _found_by_lru(nodes: Ints, first: Ints, capacity: int) -> Ints:
    """How many blocks of each prompt are among the `capacity` that were used last.

    A block's last use is a prompt's number, so what the cache has dropped is all that was last used before prompt
    `oldest`, and of that one's blocks those from the place `ends[oldest]` on. (A prompt that uses a block again uses
    all before it, so the blocks that a prompt was the last to use are a part of it without gaps.)
    """
    prompts = len(first) - 1
    last_use = np.full(int(nodes.max()) + 1 if len(nodes) else 0, -1, dtype=np.int64)
    held = np.zeros(prompts, dtype=np.int64)
    ends = np.minimum(np.diff(first), capacity)
    found = np.zeros(prompts, dtype=np.int64)
    size = oldest = 0
    for row, (begin, length) in enumerate(zip(first[:-1].tolist(), ends.tolist(), strict=True)):
        own = nodes[begin : begin + length]
        used = last_use[own]
        there = used > oldest
        if 0 <= oldest < row:
            there |= (used == oldest) & (np.arange(length) < ends[oldest])
        hits = int(there.sum())
        np.subtract.at(held, used[:hits], 1)
        last_use[own] = row
        held[row] = length
        found[row] = hits
        size += length - hits
        while size > capacity:
            gone = min(int(held[oldest]), size - capacity)
            held[oldest] -= gone
            ends[oldest] -= gone
            size -= gone
            if size > capacity:
                oldest += 1
    return found
