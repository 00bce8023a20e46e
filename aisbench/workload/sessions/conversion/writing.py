"""Writes sessions as JSON lines that formats.native reads again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aisbench.backends.prompt import ANSWER
from aisbench.masking.fields import is_secret_name, masked_fields, masked_names
from aisbench.workload.sessions.session import Message, Session, Turn


def row_of(session: Session) -> dict[str, Any]:
    """A session as an object. Tools that all its turns have stand there once.

    A recorded body may hold somebody's key: fields such as api_key are masked, or left out where a run can set them.
    """
    tools = session.turns[0].tools
    is_common = bool(tools) and all(turn.tools == tools for turn in session.turns)
    row: dict[str, Any] = {"session": session.name}
    if session.turns[0].at_s is not None:
        row["at_s"] = session.turns[0].at_s
    if is_common:
        row["tools"] = masked_fields(tools)
    row["turns"] = [_turn(turn, i, with_tools=not is_common) for i, turn in enumerate(session.turns)]
    return row


def _turn(turn: Turn, i: int, *, with_tools: bool) -> dict[str, Any]:
    before = i - 1 if i else None
    waits = (turn.base,) if turn.base is not None else ()
    row: dict[str, Any] = {}
    if turn.body is None and turn.base != before:
        row["continues"] = turn.base
    elif turn.body is not None and before is not None and turn.after != (before,):
        row["continues"] = None
    if set(turn.after) - {*waits, *turn.quotes} and (turn.body is None or "continues" in row):
        row["after"] = list(turn.after)
    if turn.body is not None:
        row["body"] = masked_fields(turn.body)
    else:
        row["messages"] = _messages(turn)
    if turn.answer:
        row["answer"] = _answer(turn.answer)
    if with_tools and turn.tools:
        row["tools"] = masked_fields(turn.tools)
    rest = {
        "tool_choice": turn.tool_choice,
        "extra": _extra(turn) or None,
        "output_tokens": turn.output_tokens,
        "think_s": turn.think_s or None,
        "tool_latency_s": turn.tool_s or None,
        "at_s": turn.at_s if i else None,
        "model": turn.model,
        "agent": turn.agent and turn.agent[0],
        "started_by": turn.agent[1] if turn.agent and turn.agent[1] > 0 else None,
    }
    return row | {name: value for name, value in rest.items() if value is not None}


def secret_fields(session: Session) -> set[str]:
    """The fields that `row_of` masks or leaves out."""
    found = {name for turn in session.turns for name in turn.extra if _is_left_out(name, turn.extra[name])}
    for turn in session.turns:
        for fields in (turn.body, {"tools": turn.tools}, _extra(turn)):
            found |= set(masked_names(masked_fields(fields)))
    return found


def _is_left_out(name: str, value: Any) -> bool:
    return isinstance(value, str) and is_secret_name(name)


def _extra(turn: Turn) -> dict[str, Any]:
    """Without secrets: --extra-body can give them again, but does not replace a field of the file."""
    return {
        name: masked_fields({name: value})[name]
        for name, value in turn.extra.items()
        if not _is_left_out(name, value)
    }


def _messages(turn: Turn) -> list[Message]:
    """The messages, which name the turns whose answers they hold."""
    quotes = iter(turn.quotes)
    found: list[Message] = []
    for message in turn.messages:
        if message.get("content") == ANSWER:
            message = {
                **{name: value for name, value in message.items() if name != "content"},
                "answer_of": next(quotes),
            }
        found.append(message)
    return found


def _answer(answer: Sequence[Message]) -> Any:
    """A recorded answer in its shortest form: its text, the message, or the list of messages."""
    if len(answer) > 1:
        return list(answer)
    only = answer[0]
    return only["content"] if only.keys() == {"role", "content"} and only["content"] else only
