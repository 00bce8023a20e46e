"""The share of a workload that a prefix cache could have: what repeats the beginning of an earlier prompt.

A prompt is cut into blocks of BLOCK bytes; each block's hash covers all that stands before it, as
vLLM's prefix cache hashes blocks of tokens. A block counts as reused when one of the same hash came
before. So it takes no order and no tree: reused is all but the different ones.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.prompt import Prompt

# 16 token ids of 4 bytes, or about as many tokens' worth of text as vLLM's blocks of 16 hold.
BLOCK = 64
# So many different hashes are held, 8 MiB. Beyond that only those in a part of all values are, and their
# number is multiplied: hashes are spread evenly over the values.
MOST_HELD = 1 << 20
_MULTIPLIERS = np.random.default_rng(0x9E3779B9).integers(
    1, 2**63, size=BLOCK // 8, dtype=np.uint64
) | np.uint64(1)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


class PrefixReuse:
    """Fed one prompt after another; `share` tells the part of their bytes that repeats earlier beginnings.

    Exact up to MOST_HELD different blocks (64 MiB of prompts). From there the number of different ones
    is estimated, to about 0.1 % of itself.
    """

    def __init__(self) -> None:
        self.new: list[NDArray[np.uint64]] = []
        self.waiting = 0
        self.different = np.zeros(0, dtype=np.uint64)
        self.blocks = 0
        self.bytes = 0
        self.bits = 0

    def add(self, data: bytes) -> None:
        self.bytes += len(data)
        blocks = len(data) // BLOCK
        if blocks == 0:
            return
        self.blocks += blocks
        hashes = self.sampled(_block_hashes(data, blocks))
        self.new.append(hashes)
        self.waiting += len(hashes)
        if self.waiting > MOST_HELD:
            self.settle()

    def settle(self) -> None:
        """Drops hashes that are there twice, and then, where still too many are held, a part of all."""
        self.different = np.unique(np.concatenate([self.different, *self.new]))
        self.new, self.waiting = [], 0
        while len(self.different) > MOST_HELD:
            self.bits += 1
            self.different = self.sampled(self.different)

    def sampled(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        if self.bits == 0:
            return hashes
        sample: NDArray[np.uint64] = hashes[(hashes >> np.uint64(64 - self.bits)) == 0]
        return sample

    @property
    def share(self) -> float:
        """From 0 to 1; bytes after the last whole block of a prompt count as new."""
        if self.blocks == 0:
            return 0.0
        self.settle()
        different = len(self.different) << self.bits
        return max(0, self.blocks - different) * BLOCK / self.bytes


def _block_hashes(data: bytes, blocks: int) -> NDArray[np.uint64]:
    """64 bits for each block, over it and all before it; shape (blocks,). Sums wrap round, as they should."""
    words = np.frombuffer(data, dtype="<u8", count=blocks * BLOCK // 8).reshape(blocks, BLOCK // 8)
    own = _mixed((_mixed(words) * _MULTIPLIERS).sum(axis=1, dtype=np.uint64))
    # What a block adds depends on where it stands, so that the same blocks in another order differ.
    place = np.arange(1, blocks + 1, dtype=np.uint64) * _STEP
    return _mixed(np.cumsum(_mixed(own ^ place), dtype=np.uint64) ^ place)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(33))) * _MIX
    return values ^ (values >> np.uint64(29))


def prompt_bytes(prompt: Prompt) -> bytes:
    """What of a prompt a cache would see: its ids as int32, or its text; its body where neither is known."""
    if prompt.token_ids is not None:
        return np.asarray(prompt.token_ids, dtype="<i4").tobytes()
    text = "\n".join(chain((prompt.text,), prompt.documents, prompt.texts))
    return text.encode("utf-8", "surrogatepass") if text or prompt.body is None else prompt.body
