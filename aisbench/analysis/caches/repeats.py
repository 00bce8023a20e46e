"""How much of each prompt repeats the beginning of an earlier one, token by token."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.caches.tokenising import Tokens


def repeated(
    prompts: Sequence[Tokens], answers: Sequence[Tokens], scopes: Sequence[int]
) -> NDArray[np.int64]:
    """The tokens at the beginning of each prompt that an earlier prompt, with its answer, began with; shape (n,).

    Of all earlier ones in the order of their bytes, the longest common beginning is with a neighbour. Prompts are only
    compared within their scope.
    """
    found = np.zeros(len(prompts), np.int64)
    known: dict[int, list[bytes]] = {}
    for i, (prompt, answer, scope) in enumerate(zip(prompts, answers, scopes, strict=True)):
        data = prompt.tobytes()
        sorted_ones = known.setdefault(scope, [])
        at = bisect_left(sorted_ones, data)
        near = sorted_ones[max(0, at - 1) : at + 1]
        found[i] = max((_common(data, other) for other in near), default=0) // prompt.itemsize
        whole = data + answer[:-1].tobytes()
        if len(answer) > 1:
            at = bisect_left(sorted_ones, whole)
        if at == len(sorted_ones) or sorted_ones[at] != whole:
            sorted_ones.insert(at, whole)
    return found


def _common(one: bytes, other: bytes) -> int:
    """The length of the common beginning, in bytes."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    a, b = (np.frombuffer(data, np.uint8, length) for data in (one, other))
    return int(np.argmax(a != b))
