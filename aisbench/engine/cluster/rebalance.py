"""Moves in-flight slots from nodes that do not use them to nodes that are at their limit.

A slot is taken from one node before it is given to another, so all together never exceed the run's limit. Until it has
arrived, the run has one slot less than its limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """A node's in-flight slots: how many are `free`, and whether it has requests that could use more."""

    free: int
    wants: bool


def unused(rooms: Sequence[Room]) -> list[int]:
    """For each node, how many free slots to take from it, for those that want some and have none left.

    A node that still has requests to send keeps half of its free slots.
    """
    if not any(room.wants and room.free == 0 for room in rooms):
        return [0] * len(rooms)
    return [room.free // 2 if room.wants else room.free for room in rooms]


def given(count: int, rooms: Sequence[Room]) -> list[int]:
    """For each node, how many of `count` slots it gets: equal parts for those that want some and have none left."""
    poor = [node for node, room in enumerate(rooms) if room.wants and room.free == 0]
    parts = [0] * len(rooms)
    for turn, node in enumerate(poor):
        parts[node] = count // len(poor) + (turn < count % len(poor))
    return parts
