"""Which bodies are the turns of which conversation, in the file that every worker reads (see records/turns.py)."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from aisbench._native.conversations import Conversations
from aisbench.records.turns import read_turns

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
        for each in (planned.not_before_ns, planned.agents, planned.starters):
            file.write(array("q", [-1 if each is None else len(each)]).tobytes())
            if each is not None:
                file.write(_bytes(each))


def _bytes(numbers: NDArray[np.int64]) -> bytes:
    return numbers.astype("<i8").tobytes()


def read_conversations(path: Path, users: int = 0, user_gap_ns: int = 0) -> Conversations:
    """`users` and `user_gap_ns`: see Conversations. Raises ValueError if the turns do not fit together."""
    return Conversations(**read_turns(path), users=users, gap_ns=user_gap_ns)
