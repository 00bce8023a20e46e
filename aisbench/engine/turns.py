"""The file that says which bodies are the turns of which conversation; every worker reads it.

Layout, little-endian: int64 number of conversations n, int64 first[n + 1] (the index of the body of each
conversation's first turn, then the number of bodies), int64 think_ns[bodies].
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
    """`first` and `think_ns`. Avoids NumPy, which a worker would load for nothing else."""
    numbers = array("q", path.read_bytes())
    end = numbers[0] + 2
    return numbers[1:end], numbers[end:]
