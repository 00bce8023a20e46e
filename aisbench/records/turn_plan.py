"""How many turns each session of a run has, and which turn comes after which."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.records.turns import read_turns


@dataclass(frozen=True)
class TurnPlan:
    """The planned turns of all sessions, from turns.bin (see records.turns).

    `first`: int64, shape (sessions + 1,): the index of each session's first turn, then the number of turns. `after_first`
    (shape (turns + 1,)) and `after`: turn i comes after the turns `after[after_first[i] : after_first[i + 1]]` of its
    session, counted from 0. Both are None if each turn comes after the one before.
    """

    first: NDArray[np.int64]
    after_first: NDArray[np.int64] | None = None
    after: NDArray[np.int64] | None = None

    def lengths(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The planned turns of the sessions `numbers`. A run bounded by time begins again after the last one."""
        lengths: NDArray[np.int64] = np.diff(self.first)[numbers % (len(self.first) - 1)]
        return lengths

    def after_turns(self, number: int) -> list[list[int]]:
        """For each turn of session `number`, the turns that it comes after."""
        which = number % (len(self.first) - 1)
        begin, end = int(self.first[which]), int(self.first[which + 1])
        if self.after_first is None or self.after is None:
            return [[turn - 1] if turn else [] for turn in range(end - begin)]
        bounds = self.after_first[begin : end + 1].tolist()
        return [self.after[a:b].tolist() for a, b in pairwise(bounds)]


def read_turn_plan(path: Path) -> TurnPlan | None:
    """The plan in turns.bin; None if the file is missing. Raises BadInput if it is not such a file."""
    if not path.is_file():
        return None
    try:
        found = {name: np.array(values, dtype=np.int64) for name, values in read_turns(path).items()}
        first = found["first"]
        sound = len(first) > 1 and first[0] == 0 and bool((np.diff(first) > 0).all())
    except (ValueError, IndexError):
        sound = False
    if not sound:
        raise BadInput(
            f"{path} is not a plan of turns; without the file the report leaves planned turns of sessions out"
        )
    return TurnPlan(first, found.get("after_first"), found.get("after"))
