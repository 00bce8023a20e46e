"""Turns a file of any known format into sessions that can be written down; whole bodies become messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from aisbench.workload.datasets.recorded.exported import LENGTH_NAMES
from aisbench.workload.files.bad_lines import BadLine
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.request_options import FIXED_FIELDS
from aisbench.workload.sessions.conversion.linking import Request, linked
from aisbench.workload.sessions.found import messages_of, tools_of
from aisbench.workload.sessions.reading import file_and_format, read_sessions
from aisbench.workload.sessions.session import Session, Turn, kept

# Formats whose rows are separate requests: which of them belong together shows in their messages alone.
_LOGS = ("workload_trace", "raw_payload")
_OWN = (*FIXED_FIELDS, "model", "tools", "tool_choice", "stream_options", *LENGTH_NAMES)


def imported(options: WorkloadOptions) -> tuple[list[Session], list[str]]:
    """The sessions of --dataset-path, and notes for the user. Raises BadInput where none can be read."""
    path, kind = file_and_format(options)
    found = read_sessions(path, kind, options, "live")
    notes = [f"{path} is read as {kind}", *found.notes()]
    counts: Counter[str] = Counter()
    if kind in _LOGS and not path.is_dir():
        sessions = _grouped(found.sessions, counts)
    else:
        sessions = [_as_messages(one, counts) for one in found.sessions]
    notes += [f"{count:,} {what}" for what, count in counts.items() if count]
    return sessions, notes


def _grouped(singles: Sequence[Session], counts: Counter[str]) -> list[Session]:
    """The requests of a log, each a session of its own, in sessions in which one continues the other."""
    requests, names, others = [], [], []
    is_timed = all(one.turns[0].at_s is not None for one in singles)
    for i, one in enumerate(singles):
        at_s = one.turns[0].at_s
        request = _request_of(one.turns[0], at_s if is_timed and at_s is not None else float(i))
        if request is None:
            others.append(one)
        else:
            requests.append(request)
            names.append(one.name)
    counts["bodies without messages of a chat, which stay as they are"] += len(others)
    if not requests:
        return others
    whole = linked("log", requests, by_time=False)
    if not is_timed:
        whole = replace(
            whole, turns=tuple(replace(turn, at_s=None, think_s=0.0, tool_s=0.0) for turn in whole.turns)
        )
    order = sorted(range(len(requests)), key=lambda i: requests[i].start_s)
    groups: dict[int, list[int]] = {}
    roots: list[int] = []
    for i, turn in enumerate(whole.turns):
        roots.append(i if turn.base is None else roots[turn.base])
        groups.setdefault(roots[i], []).append(i)
    counts["requests continue an earlier one, and become turns of its session"] += len(requests) - len(groups)
    if is_timed and len(groups) < len(requests):
        counts["pauses hold the time of the answer, too, as the file does not say when answers ended"] += len(
            requests
        ) - len(groups)
    parts = [replace(kept(whole, members), name=names[order[root]]) for root, members in groups.items()]
    return sorted([*parts, *others], key=lambda one: one.turns[0].at_s or 0.0)


def _as_messages(session: Session, counts: Counter[str]) -> Session:
    """The session with messages in place of its bodies, if all of them are chats that continue each other."""
    if not any(turn.body is not None for turn in session.turns):
        return session
    requests = [_request_of(turn, float(i)) for i, turn in enumerate(session.turns)]
    known = [one for one in requests if one is not None]
    if len(known) < len(requests):
        counts["sessions with bodies that are no chats, which stay as they are"] += 1
        return session
    made = linked(session.name, known, by_time=False)
    turns = [
        replace(
            turn,
            after=() if i == 0 or turn.base == i - 1 else (i - 1,),
            at_s=old.at_s,
            think_s=old.think_s,
            tool_s=old.tool_s,
        )
        for i, (turn, old) in enumerate(zip(made.turns, session.turns, strict=True))
    ]
    return replace(made, turns=tuple(turns))


def _request_of(turn: Turn, start_s: float) -> Request | None:
    """The request of a body; None if it is not one with messages."""
    body = turn.body
    if body is None or "messages" not in body:
        return None
    try:
        return Request(
            messages_of(body["messages"]),
            start_s=start_s,
            tools=tools_of(body),
            tool_choice=body.get("tool_choice"),
            extra={name: value for name, value in body.items() if name not in _OWN and value is not None},
            output_tokens=turn.output_tokens,
            model=body.get("model") if isinstance(body.get("model"), str) else None,
        )
    except BadLine:
        return None
