"""The file that says which bodies are the turns of which conversation; every worker reads it.

Layout, little-endian int64: the number of conversations n; first[n + 1] (the index of the body of each conversation's
first turn, then the number of bodies); think_ns[bodies]; then twice, for the turns that each one comes after and for
those that fill its body, the number of edges, their first[bodies + 1], and the edges; then the number of earliest times,
and those. A number is -1, and nothing follows it, where nothing was said of them.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from aisbench._native.conversations import Conversations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aisbench.workload.prompts import Conversations as Planned


def write_conversations(path: Path, planned: Planned) -> None:
    edges = [(planned.after_first, planned.after), (planned.fills_first, planned.fills)]
    with path.open("wb") as file:
        file.write(array("q", [len(planned.first) - 1]).tobytes())
        file.write(_bytes(planned.first) + _bytes(planned.think_ns))
        for begin, to in edges:
            if begin is None or to is None:
                file.write(array("q", [-1]).tobytes())
            else:
                file.write(array("q", [len(to)]).tobytes() + _bytes(begin) + _bytes(to))
        times = planned.not_before_ns
        file.write(array("q", [-1 if times is None else len(times)]).tobytes())
        if times is not None:
            file.write(_bytes(times))


def _bytes(numbers: NDArray[np.int64]) -> bytes:
    return numbers.astype("<i8").tobytes()


def read_conversations(path: Path, users: int = 0, user_gap_ns: int = 0) -> Conversations:
    """`users` and `user_gap_ns`: see Conversations. Avoids NumPy, which a worker would load for nothing else. Raises ValueError if the turns do not fit together."""
    numbers = array("q", path.read_bytes())
    at = numbers[0] + 2
    first = numbers[1:at]
    think_ns = numbers[at : at + first[-1]]
    at += first[-1]
    edges: dict[str, array[int]] = {}
    for name in ("after", "fills"):
        count, begin = numbers[at], at + 1
        if count < 0:
            at = begin
        else:
            at = begin + first[-1] + 1 + count
            edges |= {f"{name}_first": numbers[begin : at - count], name: numbers[at - count : at]}
    not_before_ns = numbers[at + 1 :] if numbers[at] >= 0 else None
    return Conversations(
        first, think_ns, **edges, not_before_ns=not_before_ns, users=users, gap_ns=user_gap_ns
    )
