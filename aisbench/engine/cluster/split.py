"""Splits one arrival plan, and one in-flight limit, between the nodes of a run."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np
from numpy.typing import NDArray


def rounds(weights: Sequence[int]) -> list[tuple[int, ...]]:
    """For each node, its places in a round of the plan: as many as its weight, spread as evenly as they can be.

    A round has sum(weights) / gcd(weights) places. They are dealt by smooth weighted round-robin: each place goes to the
    node that is furthest behind its share. At any point of the plan, a node has had its share of it within two requests
    (and within one in all cases of `python -m bench.scale`).
    """
    divisor = gcd(*weights)
    parts = np.array(weights, np.int64) // divisor
    whole = int(parts.sum())
    own: list[list[int]] = [[] for _ in weights]
    behind = np.zeros(len(weights), np.int64)
    for place in range(whole):
        behind += parts
        node = int(behind.argmax())
        behind[node] -= whole
        own[node].append(place)
    return [tuple(places) for places in own]


def tickets_of(total: int, length: int, own: Sequence[int]) -> int:
    """How many of the first `total` places of the plan are a node's, which has `own` of each round of `length`."""
    return total // length * len(own) + sum(place < total % length for place in own)


def places_of(count: int, length: int, own: Sequence[int]) -> NDArray[np.int64]:
    """The places in the plan of a node's first `count` tickets, as SharedBlock computes them."""
    ticket = np.arange(count, dtype=np.int64)
    return ticket // len(own) * length + np.array(own, np.int64)[ticket % len(own)]


def split_limit(limit: int, weights: Sequence[int]) -> list[int]:
    """Parts of `limit` in proportion to `weights`, with exactly `limit` as their sum (largest remainders).

    Each node gets at least 1, so `limit` must not be smaller than their number.
    """
    # What is left over after the one that each gets.
    spare, whole = limit - len(weights), sum(weights)
    parts = [spare * weight // whole for weight in weights]
    rest = [spare * weight % whole for weight in weights]
    for node in sorted(range(len(weights)), key=lambda node: -rest[node])[: spare - sum(parts)]:
        parts[node] += 1
    return [1 + part for part in parts]
