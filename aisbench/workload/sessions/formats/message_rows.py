"""The agentic data sets of mlcommons/endpoints: each row is a message, and rows of a conversation stand together.

    {"conversation_id": "c", "turn": 1, "role": "user", "content": "...", "system": "...", "max_new_tokens": 64}
    {"conversation_id": "c", "turn": 2, "role": "assistant", "content": null, "tool_calls": [...]}
    {"conversation_id": "c", "turn": 3, "role": "tool", "tool_results": [{"tool_call_id": "...", "content": "..."}],
     "delay_seconds": 0.4}

Each row of a user or a tool is a turn. Rows of the assistant are recorded answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, check_text, shortened, whole_number
from aisbench.workload.files.dataset_files import json_lines
from aisbench.workload.sessions.found import (
    Found,
    entry_of,
    extra_of,
    length_of,
    list_of,
    messages_of,
    name_of,
    seconds_of,
    tools_of,
)
from aisbench.workload.sessions.history import REASONING
from aisbench.workload.sessions.session import Message, Turn, chain

_KNOWN = (
    *("conversation_id", "turn", "role", "content", "system", "tools", "tool_calls", "tool_results", "extra"),
    *("tool_call_id", "name", "delay_seconds", "model", "max_new_tokens", *REASONING),
)


class _Rows:
    """The conversation that is being read. One bad row makes all of it unusable."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last = 0
        self.turns: list[Turn] = []
        self.tools: tuple[Message, ...] = ()
        self.is_bad = False

    def add(self, row: Mapping[str, Any]) -> None:
        number = whole_number(row.get("turn"), "turn", 1)
        if number <= self.last:
            raise BadLine(f"turn is {number} after {self.last}; turns must rise", "turns that do not rise")
        self.last = number
        self.tools = tools_of(row) or self.tools
        role = row.get("role")
        if role == "assistant":
            if not self.turns:
                raise BadLine("a conversation that begins with the assistant")
            kept = {
                name: row[name] for name in ("content", "tool_calls", *REASONING) if row.get(name) is not None
            }
            answer = messages_of([{"role": "assistant", "content": None, **kept}])
            self.turns[-1] = replace(self.turns[-1], answer=(*self.turns[-1].answer, *answer))
            return
        if role not in ("user", "tool"):
            raise BadLine(f"the role {shortened(role)} is unknown; known: user, assistant, tool")
        messages = messages_of(
            _results(row) if role == "tool" else [{"role": role, "content": row.get("content")}]
        )
        system = row.get("system")
        if not self.turns and isinstance(system, str) and system:
            check_text(system)
            messages = ({"role": "system", "content": system}, *messages)
        pause_s = seconds_of(row, "delay_seconds")
        self.turns.append(
            Turn(
                messages,
                tools=self.tools,
                extra=extra_of(row),
                output_tokens=length_of(row, "max_new_tokens"),
                think_s=0.0 if role == "tool" else pause_s,
                tool_s=pause_s if role == "tool" else 0.0,
                model=row.get("model"),
            )
        )

    def close(self, found: Found) -> None:
        if self.turns and not self.is_bad:
            found.add(chain(self.name, self.turns))


def _results(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages of a tool's row, which has `tool_results` or is the one result itself."""
    results = list_of(row, "tool_results") if row.get("tool_results") is not None else [row]
    messages = []
    for one in results:
        call = entry_of(one).get("tool_call_id")
        if not isinstance(call, str) or not call:
            raise BadLine(
                f"tool_call_id is {shortened(call)}, not the id of a tool call",
                "a result without tool_call_id",
            )
        named = {"name": one["name"]} if isinstance(one.get("name"), str) else {}
        messages.append({"role": "tool", "tool_call_id": call, **named, "content": one.get("content")})
    return messages


def read_rows(path: Path, found: Found) -> None:
    """Adds a session for each conversation."""
    now: _Rows | None = None
    names: set[str] = set()
    for number, parse in json_lines(path, "mlcommons"):
        try:
            row = parse()
            name = name_of(row, "conversation_id")
        except BadLine as problem:
            found.bad.add(number, problem)
            if now is not None:
                now.is_bad = True
            continue
        if now is None or name != now.name:
            if now is not None:
                now.close(found)
            now = _Rows(name)
            if name in names:
                now.is_bad = True
                found.bad.add(
                    number, BadLine(f"rows of the conversation {shortened(name)} do not stand together")
                )
                continue
            names.add(name)
        if now.is_bad:
            continue
        try:
            found.note_unused(row, _KNOWN)
            now.add(row)
        except BadLine as problem:
            found.bad.add(number, problem)
            now.is_bad = True
    if now is not None:
        now.close(found)
