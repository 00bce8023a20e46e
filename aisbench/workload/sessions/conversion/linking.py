"""Finds out which recorded requests continue which, from their messages and times."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aisbench.backends.prompt import ANSWER
from aisbench.workload.sessions.lengths import said_in
from aisbench.workload.sessions.session import Message, Session, Turn, ordered

# Shorter answers, such as "yes", are found in other messages by chance.
_LEAST_QUOTED = 16


@dataclass
class Request:
    """A recorded request with its whole prompt, and when it began and ended, in s; `end_s` None: not known."""

    messages: tuple[Message, ...]
    answer: tuple[Message, ...] = ()
    start_s: float = 0.0
    end_s: float | None = None
    tools: tuple[Message, ...] = ()
    tool_choice: Any = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    output_tokens: int | None = None
    model: str | None = None

    @property
    def ended_s(self) -> float:
        return self.start_s if self.end_s is None else self.end_s


def _key(message: Message) -> bytes:
    """What makes two messages the same: who says what. Servers and clients change the rest."""
    content = message.get("content")
    said = content if isinstance(content, str) else json.dumps(content, sort_keys=True) if content else ""
    calls = [
        (call.get("function", {}).get("name"), call.get("function", {}).get("arguments"))
        for call in message.get("tool_calls") or ()
    ]
    return json.dumps([message.get("role"), said, calls]).encode()


def _hashes(messages: Sequence[Message]) -> list[bytes]:
    """A hash of the first message, of the first two, and so on."""
    digest = hashlib.blake2b(digest_size=16)
    found = []
    for message in messages:
        digest.update(_key(message) + b"\0")
        found.append(digest.digest())
    return found


def linked(name: str, requests: Sequence[Request], *, by_time: bool) -> Session:
    """The session of requests, in the order of their starts.

    A request continues the latest earlier one whose prompt, with its answer, its own prompt begins with. An earlier
    answer that stands in another message is quoted. `by_time`: requests without such a link wait for those that had
    ended before they began, as far as no other link says so.
    """
    requests = sorted(requests, key=lambda one: one.start_s)
    turns: list[Turn] = []
    answers = [one.answer for one in requests]
    # Requests by the hash of their prompt, and of prompt and answer.
    asked: dict[bytes, int] = {}
    closed: dict[bytes, int] = {}
    texts: dict[str, int] = {}
    for i, request in enumerate(requests):
        hashes = _hashes(request.messages)
        base, begins = _base(hashes, request, requests, answers, asked, closed)
        own, quotes = _quoted(request.messages[begins:], texts, requests, request, base)
        turns.append(
            Turn(
                own,
                base,
                (),
                quotes,
                (),
                request.tools,
                request.tool_choice,
                request.extra,
                request.output_tokens,
                at_s=request.start_s,
                model=request.model,
            )
        )
        if hashes:
            asked[hashes[-1]] = i
        if request.answer:
            closed[_hashes((*request.messages, *request.answer))[-1]] = i
            text = "\n".join(said_in(one) for one in request.answer)
            if len(text) >= _LEAST_QUOTED and not any(one.get("tool_calls") for one in request.answer):
                texts[text] = i
    turns = [replace(turn, answer=answers[i]) for i, turn in enumerate(turns)]
    if by_time:
        turns = _waiting(turns, requests)
    return ordered(name, [_paused(turn, requests) for turn in turns])


def _base(
    hashes: list[bytes],
    request: Request,
    requests: Sequence[Request],
    answers: list[tuple[Message, ...]],
    asked: Mapping[bytes, int],
    closed: Mapping[bytes, int],
) -> tuple[int | None, int]:
    """The request that this one continues, and how many messages that one and its answer make up.

    An answer that was not recorded is learnt from this request.
    """
    for many in range(len(hashes) - 1, 0, -1):
        at = closed.get(hashes[many - 1])
        if at is not None and requests[at].ended_s <= request.start_s:
            return at, many
        at = asked.get(hashes[many - 1])
        if at is None or requests[at].ended_s > request.start_s:
            continue
        ends = many
        while ends < len(request.messages) and request.messages[ends].get("role") == "assistant":
            ends += 1
        said = request.messages[many:ends]
        if said and ends < len(request.messages) and answers[at] in ((), said):
            answers[at] = said
            return at, ends
    return None, 0


def _quoted(
    messages: Sequence[Message],
    texts: Mapping[str, int],
    requests: Sequence[Request],
    request: Request,
    base: int | None,
) -> tuple[tuple[Message, ...], tuple[int, ...]]:
    """The messages with a place for each earlier answer that is all of a message's content."""
    own, quotes = [], []
    for message in messages:
        content = message.get("content")
        at = texts.get(content) if isinstance(content, str) else None
        if at is not None and at != base and requests[at].ended_s <= request.start_s:
            quotes.append(at)
            message = {**message, "content": ANSWER}
        own.append(message)
    return tuple(own), tuple(quotes)


def _waiting(turns: Sequence[Turn], requests: Sequence[Request]) -> list[Turn]:
    """Adds what can only be seen from the times.

    A turn without a base waits for the last that had ended. One with a base waits for the ends of lines that began
    after its base had ended: the sub-agents whose work it goes on with.
    """
    continued = {turn.base for turn in turns if turn.base is not None}
    roots: list[int] = []
    found: list[Turn] = []
    for i, turn in enumerate(turns):
        roots.append(i if turn.base is None else roots[turn.base])
        begins = requests[i].start_s
        ended = [j for j in range(i) if requests[j].ended_s <= begins]
        if turn.base is not None:
            after = [
                j
                for j in ended
                if j not in continued
                and requests[roots[j]].start_s >= requests[turn.base].ended_s
                and roots[j] != roots[i]
            ]
        else:
            after = _last_of(ended, found)
        found.append(replace(turn, after=tuple(one for one in after if one not in turn.quotes)))
    return found


def _last_of(ended: Sequence[int], turns: Sequence[Turn]) -> list[int]:
    """Those that no other of them waits for."""
    waited = {one for j in ended for one in turns[j].waits_for}
    return [j for j in ended if j not in waited]


def _paused(turn: Turn, requests: Sequence[Request]) -> Turn:
    """The turn with its pause: from the end of the last that it waits for (where not known, its start) to its start."""
    waits = turn.waits_for
    if not waits or turn.at_s is None:
        return turn
    pause_s = max(0.0, turn.at_s - max(requests[one].ended_s for one in waits))
    first = turn.messages[0].get("role") if turn.messages else None
    return replace(turn, tool_s=pause_s) if first == "tool" else replace(turn, think_s=pause_s)
