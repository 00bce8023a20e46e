"""The share of a workload that a prefix cache could serve: what repeats the beginning of an earlier prompt.

A prompt is cut into blocks of BLOCK bytes. Each block's hash covers everything before it as well, as in vLLM's
prefix cache, which hashes blocks of tokens. A block counts as reused if its hash occurred before, so the number of
reused blocks is that of all blocks minus the distinct ones.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.prompt import Prompt

# 16 token ids of 4 bytes, or about 16 tokens of text: the size of vLLM's blocks.
BLOCK = 64
# Most distinct hashes kept, 8 MiB. Beyond that, only the hashes in a part of the range are kept, and their number
# is scaled up: hashes are spread evenly over the range.
MOST_HELD = 1 << 20
_MULTIPLIERS = np.random.default_rng(0x9E3779B9).integers(
    1, 2**63, size=BLOCK // 8, dtype=np.uint64
) | np.uint64(1)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


class PrefixReuse:
    """Takes one prompt after another; `share` is the part of their bytes that repeats earlier beginnings.

    Exact up to MOST_HELD distinct blocks (64 MiB of prompts). Beyond that, the number of distinct blocks is
    estimated to within about 0.1 %.
    """

    def __init__(self) -> None:
        self.new: list[NDArray[np.uint64]] = []
        self.waiting = 0
        self.different = np.zeros(0, dtype=np.uint64)
        self.blocks = 0
        self.bytes = 0
        self.bits = 0
        self.before = 0

    def add(self, data: bytes) -> None:
        self.bytes += len(data)
        hashes = block_hashes(data)
        if len(hashes) == 0:
            return
        self.blocks += len(hashes)
        hashes = self.sampled(hashes)
        self.new.append(hashes)
        self.waiting += len(hashes)
        if self.waiting > MOST_HELD:
            self.settle()

    def start(self) -> None:
        """Takes all that was added so far as known before the first prompt: it can be reused, but does not count."""
        self.settle()
        self.before = len(self.different) << self.bits
        self.blocks = self.bytes = 0

    def settle(self) -> None:
        """Drops duplicate hashes, and then halves the kept range until no more than MOST_HELD remain."""
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
        different = (len(self.different) << self.bits) - self.before
        return max(0, self.blocks - different) * BLOCK / self.bytes


def block_hashes(data: bytes) -> NDArray[np.uint64]:
    """A 64-bit hash of each whole block and all before it, shape (blocks,). Sums wrap around on purpose."""
    blocks = len(data) // BLOCK
    if blocks == 0:
        return np.zeros(0, dtype=np.uint64)
    words = np.frombuffer(data, dtype="<u8", count=blocks * BLOCK // 8).reshape(blocks, BLOCK // 8)
    own = mixed((mixed(words) * _MULTIPLIERS).sum(axis=1, dtype=np.uint64))
    # A block's contribution depends on its position, so that the same blocks in another order hash differently.
    place = np.arange(1, blocks + 1, dtype=np.uint64) * _STEP
    return mixed(np.cumsum(mixed(own ^ place), dtype=np.uint64) ^ place)


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spreads the bits of `values`; products wrap around on purpose."""
    values = (values ^ (values >> np.uint64(33))) * _MIX
    return values ^ (values >> np.uint64(29))


def prompt_bytes(prompt: Prompt) -> bytes:
    """The part of a prompt that a cache would see: its ids as int32, its text, or its body where neither is known."""
    if prompt.token_ids is not None:
        return np.asarray(prompt.token_ids, dtype="<i4").tobytes()
    text = "\n".join(chain((prompt.text,), prompt.documents, prompt.texts))
    return text.encode("utf-8", "surrogatepass") if text or prompt.body is None else prompt.body
