"""Bodies as turns of conversations: one file that every worker reads.

Layout, little-endian: int64 number of conversations n, int64 first[n + 1] (the body of each one's first
turn, at the end the number of bodies), int64 think_ns[bodies].
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aisbench.workload.prompts import Conversations


def write_conversations(path: Path, conversations: Conversations) -> None:
    first = array("q", conversations.first.tolist())
    think_ns = array("q", conversations.think_ns.tolist())
    path.write_bytes(array("q", [len(first) - 1]).tobytes() + first.tobytes() + think_ns.tobytes())


def read_conversations(path: Path) -> tuple[array[int], array[int]]:
    """`first` and `think_ns`. Without NumPy, which a worker would load for this alone."""
    numbers = array("q", path.read_bytes())
    end = numbers[0] + 2
    return numbers[1:end], numbers[end:]
