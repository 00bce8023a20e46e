"""Scripted results of tools: what a live session answers the server's own tool calls with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aisbench.backends.prompt import ANSWER
from aisbench.workload.messages import text_of
from aisbench.workload.sessions.lengths import said_in
from aisbench.workload.sessions.session import Message, Session, Turn


def uses_tools(session: Session) -> bool:
    """Whether an answer of the session may call tools."""
    return any(
        turn.tools
        or any(one.get("role") == "tool" or one.get("tool_calls") for one in (*turn.messages, *turn.answer))
        for turn in session.turns
    )


def results_first(messages: Sequence[Message]) -> int:
    """How many of a turn's messages are results of tools, before any other."""
    return next((i for i, one in enumerate(messages) if one.get("role") != "tool"), len(messages))


def results_of(messages: Sequence[Message], answer: Sequence[Message]) -> list[dict[str, Any]]:
    """Results of tools for prompt.live_turn, named by the recorded calls that they belong to."""
    calls = [call for one in answer for call in one.get("tool_calls") or ()]
    named = {call.get("id"): call["function"]["name"] for call in calls}
    return [
        {
            "name": named.get(one.get("tool_call_id"), one.get("name")),
            "content": text_of(one.get("content")),
        }
        for one in messages
    ]


def settled(session: Session, counts: Counter[str]) -> Session:
    """A live session whose scripted results hold no places for answers: the recorded answers stand there instead.

    Which call a result belongs to is only known when the server has answered, so nothing else can be filled in.
    """
    if not uses_tools(session) or not any(turn.quotes for turn in session.turns):
        return session
    turns = []
    for turn in session.turns:
        many = results_first(turn.messages) if turn.base is not None else 0
        quoted = sum(text_of(one.get("content")).count(ANSWER) for one in turn.messages[:many])
        turns.append(_with_recorded(session, turn, many, quoted) if quoted else turn)
        if quoted:
            counts["results of tools that quote an answer, which are sent with the recorded one"] += quoted
    return Session(session.name, tuple(turns))


def _with_recorded(session: Session, turn: Turn, many: int, quoted: int) -> Turn:
    texts = iter("\n".join(map(said_in, session.turns[one].answer)) for one in turn.quotes[:quoted])
    messages = []
    for message in turn.messages[:many]:
        pieces = text_of(message.get("content")).split(ANSWER)
        filled = pieces[0] + "".join(next(texts) + piece for piece in pieces[1:])
        messages.append({**message, "content": filled})
    return replace(
        turn,
        messages=(*messages, *turn.messages[many:]),
        after=tuple(sorted({*turn.after, *turn.quotes[:quoted]})),
        quotes=turn.quotes[quoted:],
    )
