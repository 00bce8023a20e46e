"""Whole exchanges: a server on a real socket sends an input in pieces, closes or resets, and the request must end well.

The first byte of an input chooses the API. The rest is sent as the answer.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from aisbench.backends.openai_chat import CHAT
from aisbench.backends.openai_responses import RESPONSES
from tests.backends.reading import rules_of
from tests.fuzz.engine import Check, Target
from tests.fuzz.reads import splits
from tests.fuzz.targets.decode import DECODE, make_value
from tests.fuzz.targets.http import HTTP, make_head, with_body
from tests.fuzz.targets.sse import SSE, make_stream
from tests.fuzz.wire import Wire, Wires

CASES: dict[Any, dict[str, Any]] = {
    0: {"rules": rules_of(CHAT), "tool_calls": CHAT.tool_calls, "must_finish": True},
    1: {"rules": rules_of(RESPONSES), "tool_calls": RESPONSES.tool_calls, "must_finish": True},
    2: {"rules": CHAT.plain_rules, "tool_calls": CHAT.tool_calls, "streams": False},
}
# What an answer comes to, however it is read.
_RESULT = (
    *("status", "error", "http_status", "finish", "prompt_tokens", "output_tokens", "cached_tokens"),
    *("content_events", "reasoning_events", "events"),
)


def result(wire: Wire, index: int, sent: int) -> Any:
    """What became of request `index`, whose answer had at most `sent` bytes."""
    row = wire.row(index)
    assert row["bytes_received"] <= sent
    if row["status"] == 1:
        wire.text(row)
    return [int(row[name]) for name in _RESULT], wire.failure(row)


def alone(wire: Wire, pieces: list[bytes], *, reset: bool = False) -> Any:
    """What comes of one request that is answered with `pieces` and then closed, on a connection of its own."""
    peer = wire.asked()
    assert peer.request()
    return result(wire, wire.answer(peer, pieces, reset=reset), sum(map(len, pieces)))


@contextlib.contextmanager
def _opened() -> Iterator[Check]:
    wires = Wires({name: {**case, "keep_alive": False} for name, case in CASES.items()})

    def check(data: bytes) -> None:
        case = data[0] % len(CASES) if data else 0
        answer = data[1:]
        for reset in (False, True):
            cut = list(splits(answer))[-1]
            whole = alone(wires[case], [answer], reset=reset)
            assert alone(wires[case], cut, reset=reset) == whole, f"read as {cut}, reset: {reset}"

    with wires.checking(check) as guarded:
        yield guarded


# Pieces of tool calls have members that the rules do not name.
_CALLS = ("choices[].delta.tool_calls[]", "choices[].delta.function_call")
_PATHS = tuple(
    [
        *(path for path, _ in rules),
        *(
            f"{call}.{name}"
            for call in _CALLS
            for name in ("index", "id", "function.name", "function.arguments")
        ),
        *(f"item.{name}" for name in ("id", "type", "call_id", "name", "arguments")),
    ]
    for rules in (rules_of(CHAT), rules_of(RESPONSES))
)


def chat_events(rng: Random) -> bytes:
    """A stream of events of the chosen API, which ends well more often than not."""
    events = [make_value(rng, _PATHS[rng.randrange(2)]) for _ in range(rng.randint(1, 5))]
    stream = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)
    finish = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'
    return stream + rng.choice((finish, finish + b"data: [DONE]\n\n", b"data: [DONE]\n\n", b""))


def make_answer(rng: Random) -> bytes:
    case = rng.randrange(len(CASES))
    if case == 2:
        paths = [path for path, _ in CHAT.plain_rules] + [
            f"choices[].message.tool_calls[].{n}" for n in ("index", "id")
        ]
        head = make_head(rng) + b"Content-Type: application/json\r\n"
        return bytes([case]) + with_body(head, json.dumps(make_value(rng, paths)).encode(), rng)
    body = chat_events(rng) if rng.random() < 0.8 else make_stream(rng)
    return bytes([case]) + with_body(make_head(rng) + b"Content-Type: text/event-stream\r\n", body, rng)


EXCHANGE = Target("exchange", _opened, make_answer, (*HTTP.words, *SSE.words, *DECODE.words))
