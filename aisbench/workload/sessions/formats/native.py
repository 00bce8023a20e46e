"""Session files of aisbench: JSON lines, a session each. `aisbench workload import` writes them; docs/agents.md
describes them.

    {"session": "a", "tools": [...], "turns": [
        {"id": "plan", "messages": [...], "answer": {...}, "output_tokens": 64},
        {"id": "one", "continues": "plan", "messages": [...]},
        {"id": "two", "continues": null, "after": ["plan"], "messages": [...]},
        {"continues": "plan", "after": ["one", "two"], "messages": [..., {"role": "user", "answer_of": "two"}]}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aisbench.backends.prompt import ANSWER
from aisbench.workload.files.bad_lines import BadLine, check_text, shortened, whole_number
from aisbench.workload.sessions.found import (
    Found,
    entry_of,
    extra_of,
    length_of,
    list_of,
    messages_of,
    name_of,
    object_of,
    seconds_of,
    text_in,
    time_of,
    tools_of,
)
from aisbench.workload.sessions.session import Message, Session, Turn, ordered

_OF_SESSION = ("session", "turns", "system", "tools", "tool_choice", "extra", "at_s")
_OF_TURN = (
    *("id", "messages", "continues", "after", "answer", "tools", "tool_choice", "extra"),
    *("output_tokens", "think_s", "tool_latency_s", "at_s", "model", "body", "agent", "started_by"),
)


def session_of(entry: Any, number: int, found: Found) -> Session:
    """Reads a line; raises BadLine, naming the turn, for a field that cannot be used."""
    entry = entry_of(entry)
    found.note_unused(entry, _OF_SESSION)
    name = name_of(entry, "session")
    rows = list_of(entry, "turns")
    names = [str(row.get("id", i)) if isinstance(row, dict) else str(i) for i, row in enumerate(rows)]
    if len(set(names)) < len(names):
        twice = next(one for one in names if names.count(one) > 1)
        raise BadLine(f"two turns have the id {shortened(twice)}", "two turns with the same id")
    turns = []
    for i, row in enumerate(rows):
        try:
            turns.append(_turn_of(row, i, names, entry, found))
        except BadLine as problem:
            raise BadLine(f"turn {shortened(names[i])}: {problem}", f"a turn where {problem.kind}") from None
    if len({turn.agent is None for turn in turns}) > 1:
        raise BadLine("some turns say their agent and others do not", "turns that do not say their agent")
    found.is_timed |= entry.get("at_s") is not None
    return ordered(name, turns, names)


def _turn_of(row: Any, i: int, names: Sequence[str], entry: Mapping[str, Any], found: Found) -> Turn:
    row = entry_of(row)
    found.note_unused(row, _OF_TURN, "turns.")
    places = {name: at for at, name in enumerate(names)}
    base = i - 1 if i else None
    if "continues" in row:
        base = None if row["continues"] is None else _place(row["continues"], "continues", places)
    after = tuple(_place(one, "after", places) for one in list_of(row, "after")) if row.get("after") else ()
    common = {**entry, **{key: value for key, value in row.items() if value is not None}}
    at_s = time_of(entry, "at_s") if i == 0 and row.get("at_s") is None else time_of(row, "at_s")
    body = object_of(row, "body") or None
    quotes: list[int] = []
    messages: tuple[Message, ...] = ()
    if body is None:
        messages = _messages_of(row, base, entry, places, quotes)
    return Turn(
        messages,
        base if body is None else None,
        after if body is None or base is None else (*after, base),
        tuple(quotes),
        _answer_of(row.get("answer")),
        tools_of(common),
        common.get("tool_choice"),
        {**extra_of(entry), **extra_of(row)},
        length_of(row, "output_tokens"),
        seconds_of(row, "think_s"),
        seconds_of(row, "tool_latency_s"),
        at_s,
        text_in(row, "model"),
        body,
        _agent_of(row),
    )


def _agent_of(row: Mapping[str, Any]) -> tuple[int, int] | None:
    if row.get("agent") is None:
        return None
    agent = whole_number(row["agent"], "agent", 0)
    return agent, whole_number(row.get("started_by", 0 if agent else -1), "started_by", -1)


def _place(given: Any, field: str, places: Mapping[str, int]) -> int:
    """The index of a turn that is named by its id, or by its number where it has none."""
    at = places.get(str(given))
    if at is None or isinstance(given, bool):
        known = ", ".join(list(places)[:8])
        raise BadLine(
            f"{field} names the turn {shortened(given)}, which is not there; there are {known}",
            f"{field} names no turn",
        )
    return at


def _messages_of(
    row: Mapping[str, Any],
    base: int | None,
    entry: Mapping[str, Any],
    places: Mapping[str, int],
    quotes: list[int],
) -> tuple[Message, ...]:
    """The turn's messages, where `answer_of` becomes a place for that turn's answer, which `quotes` gets."""
    given = []
    for message in list_of(row, "messages"):
        message = dict(entry_of(message))
        if message.get("answer_of") is not None:
            quotes.append(_place(message.pop("answer_of"), "answer_of", places))
            message["content"] = ANSWER
        given.append(message)
    system = text_in(entry, "system")
    if base is None and system and given[0].get("role") != "system":
        given.insert(0, {"role": "system", "content": system})
    return messages_of(given)


def _answer_of(given: Any) -> tuple[Message, ...]:
    """The recorded answer: a text, a message, or a list of messages."""
    if given is None:
        return ()
    if isinstance(given, str):
        check_text(given)
        return ({"role": "assistant", "content": given},) if given else ()
    return messages_of(given if isinstance(given, list) else [given], "answer")
