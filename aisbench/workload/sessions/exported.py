"""What exported lines say of sessions: which turns belong together, wait for each other, and hold whose answers."""

from __future__ import annotations

from array import array
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLine, shortened, whole_number
from aisbench.workload.prompts import Conversations

S = 1e9
EDGES = ("after", "fills")
_EARLIEST = "not_before_s"
_AGENT, _STARTER = "agent", "started_by"


def turn_fields(talks: Conversations, i: int, number: int) -> dict[str, Any]:
    """The fields of prompt `i`, a turn of conversation `number`."""
    fields: dict[str, Any] = {"conversation": number, "think_s": float(talks.think_ns[i] / S)}
    for name, first, edges in zip(
        EDGES, (talks.after_first, talks.fills_first), (talks.after, talks.fills), strict=True
    ):
        if first is not None and edges is not None:
            fields[name] = edges[first[i] : first[i + 1]].tolist()
    if talks.agents is not None and talks.starters is not None:
        fields |= {_AGENT: int(talks.agents[i]), _STARTER: int(talks.starters[i])}
    if talks.not_before_ns is not None:
        fields[_EARLIEST] = float(talks.not_before_ns[i] / S)
    return fields


class ExportedTurns:
    """Gathers these fields from all lines, in compact arrays, as files may be larger than the memory."""

    def __init__(self) -> None:
        self.belongs = array("q")
        self.think_s = array("d")
        self.earliest_s = array("d")
        self.counts = {name: array("q") for name in EDGES}
        self.values = {name: array("q") for name in EDGES}
        self.agents = array("q")
        self.starters = array("q")
        self.turn = 0

    def add(self, line: dict[str, Any]) -> None:
        """Raises BadLine for a turn that waits for a later one, or for none of its conversation."""
        talk = line.get("conversation")
        talk = -1 if talk is None else whole_number(talk, "conversation", 0)
        turn = self.turn + 1 if self.belongs and self.belongs[-1] == talk else 0
        edges = {name: _edges(line, name, turn) for name in EDGES}
        self.turn = turn
        self.belongs.append(talk)
        self.think_s.append(line.get("think_s") or 0.0)
        self.earliest_s.append(line.get(_EARLIEST) or 0.0)
        self.agents.append(whole_number(line.get(_AGENT) or 0, _AGENT, 0))
        self.starters.append(whole_number(line.get(_STARTER, -1), _STARTER, -1))
        for name, given in edges.items():
            self.counts[name].append(-1 if given is None else len(given))
            self.values[name].extend(given or ())

    def check(self, path: Path) -> None:
        if any(b < a for a, b in pairwise(self.belongs)):
            raise BadInput(f"{path}: the turns of each conversation must follow one another")
        for name, counts in self.counts.items():
            if len({count < 0 for count in counts}) > 1:
                raise BadInput(
                    f"{path}: some lines have {name!r} and others do not; all of a workload do, or none"
                )

    def conversations(self) -> Conversations | None:
        belongs = np.array(self.belongs)
        if (belongs < 0).any():
            return None
        first = np.flatnonzero(np.diff(belongs, prepend=-1))
        think_ns = np.rint(np.array(self.think_s) * S).astype(np.int64)
        return Conversations(
            np.append(first, len(belongs)).astype(np.int64),
            think_ns,
            *self._rows("after"),
            *self._rows("fills"),
            np.rint(np.array(self.earliest_s) * S).astype(np.int64) if any(self.earliest_s) else None,
            *(map(np.array, (self.agents, self.starters)) if any(self.agents) else (None, None)),
        )

    def _rows(self, name: str) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
        counts = np.array(self.counts[name], dtype=np.int64)
        if (counts < 0).any():
            return None, None
        return np.concatenate(([0], np.cumsum(counts))), np.array(self.values[name], dtype=np.int64)


def _edges(line: dict[str, Any], name: str, turn: int) -> list[int] | None:
    given = line.get(name)
    if given is None:
        return None
    if not isinstance(given, list) or any(type(one) is not int or not 0 <= one < turn for one in given):
        raise BadLine(
            f"{name} is {shortened(given)}, not a list of earlier turns of its conversation",
            f"{name} is not a list of earlier turns",
        )
    return given
