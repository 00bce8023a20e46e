"""Several requests on kept connections: each has the result that its answer has alone, and no connection is used again
after anything but a complete answer.

The first byte of an input chooses the API; the rest are answers, with `NEXT` between them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from random import Random
from typing import Any

import httptools

from tests.fuzz.engine import Check, Target
from tests.fuzz.reads import splits
from tests.fuzz.targets.exchange import CASES, EXCHANGE, alone, make_answer, result
from tests.fuzz.wire import Wire, Wires

NEXT = b"\n~~~\n"
_MOST = 4
GOOD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 84\r\n\r\n"
    b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
_WORDS = (
    *EXCHANGE.words,
    *(NEXT, GOOD, b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 200 OK\r\n", b"Connection: close\r\n"),
    *(b"Connection: Keep-Alive\r\n", b"Connection: x, close\r\n", b"HTTP/1.1 408 Request Timeout\r\n\r\n"),
)


class _Ending:
    """Whether llhttp lets a connection be used again after the answer in `data`, and nothing but it; also if llhttp refuses
    the answer itself, as it does bare line feeds."""

    def __init__(self, data: bytes) -> None:
        self.may_go_on = False
        self._ended = 0
        self._parser = httptools.HttpResponseParser(self)
        try:
            self._parser.feed_data(data[:-1])
            before = self._ended
            self._parser.feed_data(data[-1:])
            self.may_go_on = before == 0 and self._ended == 1 and self._keeps
        except httptools.HttpParserError:
            self.may_go_on = self._ended == 0

    def on_message_complete(self) -> None:
        # A status outside of 100 to 599 is one of a failure (RFC 9110, section 15), and its answer has an end all the same.
        if not 100 <= self._parser.get_status_code() < 200:
            self._ended += 1
            self._keeps = self._parser.should_keep_alive()


def _together(wire: Wire, answers: list[bytes]) -> list[Any]:
    """The results of requests that get `answers` one after another."""
    results = []
    for answer in answers:
        peer = wire.asked()
        assert peer.request()
        index = wire.answer(peer, list(splits(answer))[-1] if len(answer) % 2 else [answer])
        results.append(result(wire, index, len(answer)))
        ending = _Ending(answer[: wire.sent])
        following = wire.asked()
        if following is peer:
            assert ending.may_go_on, f"the connection is used again after {answer!r}"
    return results


@contextlib.contextmanager
def _opened() -> Iterator[Check]:
    wires = Wires(
        {
            (name, keep_alive): {**case, "keep_alive": keep_alive}
            for name, case in CASES.items()
            for keep_alive in (False, True)
        }
    )

    def check(data: bytes) -> None:
        case = data[0] % len(CASES) if data else 0
        answers = data[1:].split(NEXT)[:_MOST]
        wanted = [
            alone(wires[case, False], list(splits(one))[-1] if len(one) % 2 else [one]) for one in answers
        ]
        assert _together(wires[case, True], answers) == wanted

    with wires.checking(check) as guarded:
        yield guarded


def _make(rng: Random) -> bytes:
    first = make_answer(rng)
    answers = [first[1:]]
    while len(answers) < _MOST and rng.random() < 0.7:
        another = rng.choice((GOOD, make_answer(rng)[1:], answers[0]))
        if rng.random() < 0.2:
            # In the same read as the answer before it.
            answers[-1] += another
        else:
            answers.append(another)
    return first[:1] + NEXT.join(answers)


CONVERSATION = Target("conversation", _opened, _make, _WORDS)
