"""How much of each prompt is prefix, so that an endless prefix cache finds the share of tokens that is asked for.

A cache finds whole blocks only, and nothing for the first prompt of a prefix unless it was filled before. So a share of
tokens is a number of blocks over all the other prompts, which are spread evenly: each has as many as the others, or one
more. That meets any share to within half a block of the whole run.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput

Ints = NDArray[np.int64]
# A share that is missed by more than this is refused.
_TOLERANCE = 0.01


def firsts(groups: Ints) -> NDArray[np.bool_]:
    """Whether a prompt is the first with its prefix."""
    first = np.zeros(len(groups), dtype=bool)
    first[np.unique(groups, return_index=True)[1]] = True
    return first


def shared_blocks(groups: Ints, length: int, block: int, rate: float, *, filled: bool) -> Ints:
    """The blocks of each prompt's prefix, for prompts of `length` tokens; shape as `groups`, the prefix of each.

    `filled`: the cache holds all prefixes before the first prompt. At least one token of a prompt is not prefix. Raises
    BadInput if no split gives `rate`.
    """
    most = (length - 1) // block
    first = np.zeros(len(groups), dtype=bool) if filled else firsts(groups)
    finding = int((~first).sum())
    tokens = len(groups) * length
    wanted = min(round(rate * tokens / block), finding * most)
    if abs(rate - wanted * block / tokens) > _TOLERANCE:
        raise BadInput(_missed(rate, wanted, finding * most, groups, length, block, filled=filled))
    shared = np.zeros(len(groups), dtype=np.int64)
    if finding:
        shared[~first] = np.diff(np.arange(finding + 1) * wanted // finding)
    # What comes first fills the cache, so it has all that any later prompt finds.
    longest = longest_of(groups, shared)
    shared[first] = longest[groups[first]]
    return shared


def longest_of(groups: Ints, shared: Ints) -> Ints:
    """The longest part of each prefix that a prompt has, shape (prefixes,)."""
    longest = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    np.maximum.at(longest, groups, shared)
    return longest


def found_tokens(groups: Ints, shared: Ints, block: int, *, filled: bool) -> Ints:
    """The tokens of each prompt that an endless cache finds, for `shared` blocks of each prompt, in order."""
    if filled:
        return shared * block
    held: dict[int, int] = {}
    found = []
    for group, own in zip(groups.tolist(), shared.tolist(), strict=True):
        before = held.get(group, 0)
        found.append(min(own, before))
        held[group] = max(own, before)
    return np.array(found, dtype=np.int64) * block


def expected_note(found: Ints, tokens: int, block: int) -> str:
    """Says what share of all `tokens` of the prompts is `found`."""
    return (
        f"an endless prefix cache with blocks of {block} tokens finds {100 * found.sum() / tokens:.2f}% of the "
        f"{tokens:,} prompt tokens"
    )


def _missed(
    rate: float, wanted: int, most: int, groups: Ints, length: int, block: int, *, filled: bool
) -> str:
    """The message for a share that `wanted` blocks miss, of which there can be `most`."""
    used = len(np.unique(groups))
    nearest = np.floor(wanted * block / (len(groups) * length) * 1e4) / 1e4
    if wanted < most:
        advice = "give that, or more requests"
    else:
        advice = f"give that, a longer --input-len{'' if filled else ', more requests, or --fill-prefixes'}"
    return (
        f"--prefix-hit-rate {rate:g} cannot be reached: {len(groups)} prompts of {length} tokens with {used} prefixes and "
        f"blocks of {block} tokens give {'at most ' if wanted == most else ''}{nearest:g}; {advice}"
    )
