"""The Pareto frontier: points that no other beats in both figures."""

from __future__ import annotations

from collections.abc import Sequence


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """The indices of the points that no other point reaches in one figure and exceeds in the other, by rising x.

    More is better in both figures. Of equal points all are kept.
    """
    order = sorted(range(len(points)), key=lambda at: (-points[at][0], -points[at][1]))
    found: list[int] = []
    best = float("-inf")
    for at in order:
        x, y = points[at]
        if y > best or (found and points[found[-1]] == (x, y)):
            found.append(at)
            best = y
    return found[::-1]
