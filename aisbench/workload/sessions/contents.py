"""What one pass over the prompts of a workload finds: lengths, tools, repeated beginnings, and their blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.prefix_reuse import PrefixReuse, block_hashes, prompt_bytes
from aisbench.workload.prompts import Prompts

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Contents:
    """A workload that was walked through; the items of `prompts` are used up.

    `first`: int64, shape (sessions + 1,): the first prompt of each session, and the number of prompts. `prompt_tokens`,
    `output_tokens`: int64, shape (prompts,); -1: no length was planned. `reuse`, `reuse_between`: the share of all
    prompts, and of the first ones of sessions, that repeats the beginning of an earlier one. `hashes`: for the first of
    the prompts, one hash for each block of prefix_reuse.BLOCK bytes and all before it; `sizes`: their bytes.
    """

    prompts: Prompts
    first: Ints
    prompt_tokens: Ints
    output_tokens: Ints
    with_tools: int
    reuse: float
    reuse_between: float
    hashes: list[NDArray[np.uint64]]
    sizes: list[int]

    @property
    def count(self) -> int:
        return len(self.prompt_tokens)

    @property
    def turns(self) -> Ints:
        """The place of each prompt in its session, from 0."""
        return np.arange(self.count) - np.repeat(self.first[:-1], np.diff(self.first))


def contents_of(prompts: Prompts, most_blocks: int = 0) -> Contents:
    """Walks through the prompts. `most_blocks`: how many blocks' hashes are kept."""
    count, talks = prompts.count, prompts.conversations
    first = np.arange(count + 1) if talks is None else talks.first
    begins = set(first[:-1].tolist())
    asked, planned = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    tools = kept = 0
    reuse, between = PrefixReuse(), PrefixReuse()
    hashes: list[NDArray[np.uint64]] = []
    sizes: list[int] = []
    for i, prompt in enumerate(prompts.items):
        asked[i] = prompt.prompt_tokens
        planned[i] = -1 if prompt.output_tokens is None else prompt.output_tokens
        tools += bool(prompt.fields.get("tools")) or (
            prompt.body is not None and b'"tools": [{' in prompt.body
        )
        data = prompt_bytes(prompt)
        reuse.add(data)
        if i in begins:
            between.add(data)
        if kept < most_blocks:
            hashes.append(block_hashes(data))
            sizes.append(len(data))
            kept += len(hashes[-1])
    return Contents(prompts, first, asked, planned, tools, reuse.share, between.share, hashes, sizes)
