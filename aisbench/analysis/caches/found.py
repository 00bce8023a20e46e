"""What prefix caches of several kinds would have found in the prompts of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.caches.streams import Streams
from aisbench.analysis.caches.tokenising import Tokens
from aisbench.workload.cache_hits import theoretical_hits
from aisbench.workload.prefix_reuse import mixed

Ints = NDArray[np.int64]
_PLACES = np.random.default_rng(0x9E3779B9).integers(1, 2**63, size=1 << 14, dtype=np.uint64) | np.uint64(1)


class Blocks:
    """The prompts of `streams`, each with its answer, in blocks of `block` tokens.

    A server looks a prompt up and keeps it when the request is sent. When the request ends, it keeps the prompt with the
    answer, all of which it has computed but for the last token.
    """

    def __init__(self, streams: Streams, block: int) -> None:
        self.block = block
        self.scopes = streams.scopes
        self.lengths = np.array([len(prompt) for prompt in streams.prompts], np.int64)
        self.kept = self.lengths + np.array([max(0, len(answer) - 1) for answer in streams.answers], np.int64)
        self.ids: list[Ints] = [
            _block_ids(np.concatenate((prompt, answer[:-1])), block)
            for prompt, answer in zip(streams.prompts, streams.answers, strict=True)
        ]
        # Each request twice, by time: when it was sent, and, with its number raised by n, when it ended.
        self.accesses = np.argsort(np.concatenate((streams.sent_ns, streams.done_ns)), kind="stable")

    def hits(self, mask: NDArray[np.bool_] | None = None, cache_tokens: int | None = None) -> Ints:
        """The tokens of each prompt that a cache of `cache_tokens` (None: an endless one) with LRU finds, in whole blocks,
        if it gets the requests of `mask`; shape (n,), 0 elsewhere. The last token is always computed, and so its block."""
        found = np.zeros(len(self.lengths), np.int64)
        mine = np.ones(len(found), np.bool_) if mask is None else mask
        if not mine.any():
            return found
        whole = mask is None and cache_tokens is None
        requests, is_prompt, tokens = self._endless if whole else self._kept_by(mine, cache_tokens)
        asked = requests[is_prompt]
        found[asked] = np.minimum(tokens[is_prompt], (self.lengths[asked] - 1) // self.block * self.block)
        return np.maximum(found, 0)

    def new_tokens(self) -> int:
        """What an endless cache of all requests holds in the end."""
        requests, is_prompt, tokens = self._endless
        kept = np.where(is_prompt, self.lengths[requests], self.kept[requests])
        return int((kept // self.block * self.block - tokens).sum())

    @cached_property
    def _endless(self) -> tuple[Ints, NDArray[np.bool_], Ints]:
        return self._kept_by(np.ones(len(self.lengths), np.bool_), None)

    def _kept_by(
        self, mine: NDArray[np.bool_], cache_tokens: int | None
    ) -> tuple[Ints, NDArray[np.bool_], Ints]:
        """For each time that a cache keeps something, the request, whether that is its prompt alone, and how many of its
        tokens the cache held already."""
        accesses = self.accesses[np.tile(mine, 2)[self.accesses]]
        requests, is_prompt = accesses % len(mine), accesses < len(mine)
        lengths = np.where(is_prompt, self.lengths[requests], self.kept[requests])
        capacity = None if cache_tokens is None else cache_tokens // self.block
        ids = [self.ids[i] for i in requests]
        hits = theoretical_hits(ids, lengths, self.block, capacity, self.scopes[requests])
        return requests, is_prompt, hits.tokens


@dataclass(frozen=True)
class Spread:
    """Caches among which requests are spread at random: how many, and what they find; shape (n,)."""

    caches: int
    hits: Ints


def spread(blocks: Blocks, servers: Sequence[tuple[NDArray[np.bool_], int | None]], caches: int) -> Spread:
    """`servers`: the requests that each server gets, and the tokens in its caches together; it has `caches` of them."""
    drawn = np.random.default_rng(caches).integers(0, caches, size=len(blocks.lengths))
    hits = np.zeros(len(blocks.lengths), np.int64)
    for mask, tokens in servers:
        for one in range(caches):
            hits += blocks.hits(mask & (drawn == one), None if tokens is None else tokens // caches)
    return Spread(caches, hits)


def _block_ids(tokens: Tokens, block: int) -> Ints:
    """A hash of the tokens in each whole block."""
    count = len(tokens) // block
    words = tokens[: count * block].view(np.uint32).astype(np.uint64).reshape(count, block)
    own = (mixed(words + np.uint64(1)) * _PLACES[np.arange(block) % len(_PLACES)]).sum(
        axis=1, dtype=np.uint64
    )
    return mixed(own).view(np.int64)
