"""turns.bin: which bodies are the turns of which conversation.

Layout, little-endian int64: the number of conversations n; first[n + 1] (the index of the body of each conversation's
first turn, then the number of bodies); think_ns[bodies]; then twice, for the turns that each one comes after and for
those that fill its body, the number of edges, their first[bodies + 1], and the edges; then three times, for the earliest
times, the agents and those that started them, their number, and those. A number is -1, and nothing follows it, where
nothing was said of them.
"""

from __future__ import annotations

from array import array
from pathlib import Path

NAME = "turns.bin"


def read_turns(path: Path) -> dict[str, array[int]]:
    """The arrays by their names in workload.prompts.Conversations; without those of which nothing was said.

    Avoids NumPy, which a worker would load for nothing else.
    """
    numbers = array("q", path.read_bytes())
    at = numbers[0] + 2
    first = numbers[1:at]
    found = {"first": first, "think_ns": numbers[at : at + first[-1]]}
    at += first[-1]
    for name in ("after", "fills"):
        count, begin = numbers[at], at + 1
        if count < 0:
            at = begin
        else:
            at = begin + first[-1] + 1 + count
            found |= {f"{name}_first": numbers[begin : at - count], name: numbers[at - count : at]}
    for name in ("not_before_ns", "agents", "starters"):
        count, begin = numbers[at], at + 1
        at = begin + max(count, 0)
        if count >= 0:
            found[name] = numbers[begin:at]
    return found
