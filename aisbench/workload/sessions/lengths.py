"""Planned lengths of a session's turns, in tokens."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from aisbench.backends.prompt import ANSWER
from aisbench.workload.messages import text_of
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.sessions.session import Message, Session
from aisbench.workload.sessions.verbatim import asked_of
from aisbench.workload.tokens.token_counts import TokenCounter


@dataclass(frozen=True)
class Lengths:
    """For each turn, the tokens of its prompt and of its planned answer (None: the server decides).

    Recorded answers are counted in prompts, as the server's own are not known yet.
    """

    prompt: list[int]
    output: list[int | None]


def said_in(message: Message) -> str:
    """All text of a message that a model reads: what is said, and the tool calls."""
    calls = [
        f"{call.get('function', {}).get('name', '')} {call.get('function', {}).get('arguments', '')}"
        for call in message.get("tool_calls") or ()
    ]
    return "\n".join(filter(None, (text_of(message.get("content")), *calls)))


def lengths_of(session: Session, counter: TokenCounter, options: WorkloadOptions) -> Lengths:
    """Counts a session's turns, without what a chat template adds."""
    turns = session.turns
    asked = [
        [said_in(one).replace(ANSWER, "") for one in turn.messages]
        if turn.body is None
        else [asked_of(turn.body)]
        for turn in turns
    ]
    plain = _sums(counter, [texts[:-1] for texts in asked])
    last = counter.counts([texts[-1] for texts in asked])
    answered = _sums(counter, [[said_in(one) for one in turn.answer] for turn in turns])
    # Turns mostly share one list of tools, which may be long.
    lists = {id(turn.tools): turn.tools for turn in turns}
    counted = _sums(counter, [[json.dumps(list(one))] if one else [] for one in lists.values()])
    tools = dict(zip(lists, counted, strict=True))
    # The part of a prompt that the next turn repeats: all of it but the tools, which stand in front once.
    shared: list[int] = []
    said: list[int] = []
    output: list[int | None] = []
    for i, turn in enumerate(turns):
        before = 0 if turn.base is None else shared[turn.base] + said[turn.base]
        shared.append(before + plain[i] + last[i] + sum(said[one] for one in turn.quotes))
        planned = turn.output_tokens or options.output_len
        output.append(max(1, answered[i]) if planned is None and turn.answer else planned)
        said.append(answered[i] or output[i] or 0)
    return Lengths([one + tools[id(turn.tools)] for one, turn in zip(shared, turns, strict=True)], output)


def _sums(counter: TokenCounter, texts: Iterable[list[str]]) -> list[int]:
    """The tokens of each list of texts, without special tokens."""
    rows = list(texts)
    counts = iter(counter.counts([text for row in rows for text in row], special=False))
    return [sum(next(counts) for _ in row) for row in rows]
