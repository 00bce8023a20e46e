"""Traces of Alibaba Cloud's Bailian (Qwen), JSON lines: every row is a whole prompt and names the chat that it continues.

Fields: chat_id, parent_chat_id (-1: none), timestamp (s), input_length, output_length, turn, hash_ids (16 tokens each).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, whole_number
from aisbench.workload.files.dataset_files import json_entries
from aisbench.workload.files.trace_times import S, number_ns
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces.json_rows import blocks_in, object_in, output_in
from aisbench.workload.traces.rows import Rows
from aisbench.workload.traces.tables import at
from aisbench.workload.traces.trace import Recorded, TraceSession

BLOCK = 16
# Fields that say which format a file has.
NAMES = ("chat_id", "parent_chat_id")
_ROOT = -1
_FARTHEST = 2**62


def read_bailian(rows: Rows, options: WorkloadOptions) -> tuple[list[TraceSession], list[str]]:
    """The sessions of a file, and notes for the user.

    A session is a chat without a parent and all that continue it; two that continue the same one are branches. A chat
    whose parent is not in the file, as it began before the recording, is the first of its own session.
    """
    chats: dict[int, tuple[Recorded, int, int]] = {}

    def add(row: Mapping[str, Any]) -> None:
        name = whole_number(row.get("chat_id"), "chat_id", -_FARTHEST, _FARTHEST)
        if name in chats:
            raise BadLine(f"chat_id {name} occurs twice", "a chat_id that occurs twice")
        parent = row.get("parent_chat_id", _ROOT)
        parent = _ROOT if parent is None else whole_number(parent, "parent_chat_id", -_FARTHEST, _FARTHEST)
        if parent == name:
            raise BadLine(f"chat {name} is its own parent", "a chat that is its own parent")
        request = rows.checked(
            Recorded(
                at(lambda: number_ns(row.get("timestamp"), S), options),
                whole_number(row.get("input_length"), "input_length", 0),
                output_in(row, "output_length", options),
                blocks_in(row.get("hash_ids")),
            )
        )
        turn = 0 if row.get("turn") is None else whole_number(row["turn"], "turn", 0)
        chats[name] = (request, parent, turn)

    for number, parse in json_entries(rows.path, options.dataset):
        rows.read(number, lambda parse=parse: add(object_in(parse())))  # type: ignore[misc]
    return _sessions(chats)


def _sessions(chats: dict[int, tuple[Recorded, int, int]]) -> tuple[list[TraceSession], list[str]]:
    missing = 0
    children: dict[int, list[int]] = {}
    roots = []
    for name, (_, parent, _) in chats.items():
        if parent in chats:
            children.setdefault(parent, []).append(name)
        else:
            roots.append(name)
            missing += parent != _ROOT
    sessions = []
    left = set(chats)
    # Chats that are left after these continue each other in a circle: each circle is cut at its first chat.
    for root in [*roots, *chats]:
        if root not in left:
            continue
        sessions.append(_session(root, chats, children, left))
    branches = sum(len(ones) > 1 for ones in children.values())
    notes = []
    if missing:
        notes.append(
            f"{missing} chats continue one that is not in the file; each of them is the first of a session"
        )
    circles = len(sessions) - len(roots)
    if circles:
        notes.append(
            f"chats that continue each other in a circle: {circles} circles are cut at their first chat"
        )
    if branches:
        notes.append(f"{branches} chats are continued more than once; their branches are sent side by side")
    return sessions, notes


def _session(
    root: int, chats: dict[int, tuple[Recorded, int, int]], children: dict[int, list[int]], left: set[int]
) -> TraceSession:
    """All chats that come from `root`, those of the lowest turn first; takes them out of `left`."""
    place: dict[int, int] = {}
    requests: list[Recorded] = []
    now = [root]
    left.discard(root)
    while now:
        following: list[int] = []
        for name in now:
            request, parent, _ = chats[name]
            place[name] = len(requests)
            requests.append(
                replace(request, after=(place[parent],) if parent in place and name != root else ())
            )
            following += [child for child in children.get(name, []) if child in left]
            left.difference_update(children.get(name, ()))
        now = sorted(following, key=lambda name: (chats[name][2], chats[name][0].at_ns or 0))
    return TraceSession(requests)
