"""Logs of request bodies with their times (evalscope's `workload_trace`): each row is sent as it is, at its time.

    {"timestamp": 12.5, "body": {"model": "m", "messages": [...]}, "headers": {...}, "request_id": "...",
     "completion_tokens": 40}

`timestamp` is in seconds, or a date. `body` may also be JSON text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, parsed_json
from aisbench.workload.files.dataset_files import json_lines
from aisbench.workload.sessions.formats.aiperf import bodies_session
from aisbench.workload.sessions.found import Found, object_of, recorded_length, time_of
from aisbench.workload.sessions.session import Session

_KNOWN = ("timestamp", "body", "request_id", "completion_tokens")


def read_log(path: Path, found: Found) -> None:
    """Adds a session of one request for each row, in the order of their times."""
    for number, parse in json_lines(path, "workload_trace"):
        try:
            row = parse()
            found.note_unused(row, _KNOWN)
            found.add(_session_of(row, number, found))
        except BadLine as problem:
            found.bad.add(number, problem)
    found.sessions.sort(key=lambda one: one.turns[0].at_s or 0.0)


def _session_of(row: Mapping[str, Any], number: int, found: Found) -> Session:
    body = row.get("body")
    if isinstance(body, str):
        try:
            body = parsed_json(body.encode())
        except BadLine as problem:
            raise BadLine(f"body: {problem}", f"body: {problem.kind}") from None
    body = object_of({"body": body}, "body")
    session = bodies_session(str(row.get("request_id") or number), [body])
    turn = replace(session.turns[0], at_s=time_of(row, "timestamp"))
    found.is_timed |= turn.at_s is not None
    length = recorded_length(row, "completion_tokens", found)
    return replace(session, turns=(replace(turn, output_tokens=length or turn.output_tokens),))
