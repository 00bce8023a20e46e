"""Events whose JSON is invalid, or not what the API says."""

from __future__ import annotations

from typing import Any

from aisbench.backends.tool_calls import chat_calls
from tests.faults.answers import DONE, STOP, STREAM, TOKENS, USAGE, answer, chat, event
from tests.faults.fault import GOOD_COUNTS, Fault, broken, fine
from tests.faults.peer import hold


def _raw(data: bytes) -> bytes:
    return answer(TOKENS, b"data: " + data + b"\n\n", STOP, USAGE, DONE)


def _odd(name: str, data: bytes, **counts: Any) -> Fault:
    """One more event, which is understood or ignored."""
    return fine(name, _raw(data), **counts)


def _bad(name: str, data: bytes, kind: str = "bad_event") -> Fault:
    return broken(name, kind, data[:10], _raw(data), hold)


def _call(name: str, delta: Any) -> Fault:
    """A piece of a tool call, in a run that keeps the calls."""
    return Fault(
        name,
        (answer(chat({"tool_calls": delta}), STREAM),),
        counts={**GOOD_COUNTS, "content_events": 4},
        kept=True,
        drive={"text": True, "tool_calls": chat_calls},
    )


def _delta(content: bytes, finish: bytes = b"null") -> bytes:
    return b'{"choices":[{"delta":{"content":%b},"finish_reason":%b}]}' % (content, finish)


FAULTS: tuple[Fault, ...] = (
    _bad("an event that is cut", _delta(b'"d"')[:-9]),
    _bad("words in place of JSON", b"upstream timed out"),
    _bad("single quotes", b"{'choices': []}"),
    _bad("a comma too many", b'{"choices":[],}'),
    _bad("a bracket too many", b'{"choices":[]}}'),
    _bad("two values in one event", b'{"choices":[]}{"choices":[]}'),
    _bad("a number with a leading zero", b'{"created":007,"choices":[]}'),
    _bad("a line break within a text", _delta(b'"a\tb"')),
    _bad("an unknown escape", _delta(rb'"\x41"')),
    _bad("100,000 open brackets", b"[" * 100_000),
    _bad("finish_reason: error", _delta(b'""', b'"error"'), "error_event"),
    _bad("finish_reason: abort", _delta(b'""', b'"abort"'), "error_event"),
    _bad("object: error", b'{"object":"error","message":"long","code":400}', "error_event"),
    _bad("a framework's detail", b'{"detail":"Not authenticated"}', "error_event"),
    _bad("a message alone", b'{"message":"Internal server error"}', "error_event"),
    _bad("type: error", b'{"type":"error","message":"x"}', "error_event"),
    _bad("error_code and error_msg", b'{"error_code":336003,"error_msg":"quota"}', "error_event"),
    _bad("an error in a list", b'[{"error":{"message":"quota"}}]', "error_event"),
    _bad("error: a text", b'{"error":"quota"}', "error_event"),
    _bad("error: true", b'{"error":true}', "error_event"),
    _odd("error: null", b'{"error":null,"choices":[]}'),
    _odd("error: an empty object", b'{"error":{},"choices":[]}'),
    _odd("null", b"null"),
    _odd("true", b"true"),
    _odd("a number", b"7"),
    _odd("a text", b'"hello"'),
    _odd("an empty object", b"{}"),
    _odd("an empty list", b"[]"),
    _odd("choices: null", b'{"choices":null}'),
    _odd("choices: a text", b'{"choices":"none"}'),
    _odd("choices: an object", b'{"choices":{"delta":{"content":"d"}}}'),
    _odd("a choice that is null", b'{"choices":[null]}'),
    _odd("delta: null", b'{"choices":[{"delta":null}]}'),
    _odd("delta: a list", b'{"choices":[{"delta":["d"]}]}'),
    _odd("content: null", _delta(b"null")),
    _odd("content: a number", _delta(b"7")),
    _odd("content: an object without text", _delta(b'{"a":1}')),
    _odd("content: a list of parts", _delta(b'[{"type":"text","text":"d"}]'), content_events=4),
    _odd("finish_reason: a number", _delta(b'"d"', b"1"), content_events=4),
    _odd("finish_reason: a list", _delta(b'"d"', b"[]"), content_events=4),
    _odd("finish_reason: half a surrogate pair", _delta(b'[{"text":"d"}]', rb'"\ud800"'), content_events=4),
    _odd("content: half a surrogate pair", _delta(rb'"\ud83d"'), content_events=4),
    _odd("content: bytes that are not UTF-8", _delta(b'"caf\xe9"'), content_events=4),
    _odd("content: a NUL", _delta(rb'"a\u0000b"'), content_events=4),
    _odd("content: 100 kB", _delta(b'"' + b"d" * 100_000 + b'"'), content_events=4),
    _odd("a key twice", b'{"choices":[],"choices":[{"delta":{"content":"d"}}]}', content_events=4),
    _odd("escaped keys", rb'{"choice\u0073":[{"delta":{"content":"d"}}]}', content_events=4),
    _odd("NaN among the numbers", b'{"logprob":NaN,"choices":[{"delta":{"content":"d"}}]}', content_events=4),
    _odd(
        "a number of 5,000 digits",
        b'{"n":' + b"9" * 5000 + b',"choices":[{"delta":{"content":"d"}}]}',
        content_events=4,
    ),
    _odd(
        "fields that nobody knows",
        b'{"choices":[{"delta":{"content":"d","x":[{}]}}],"y":{"z":[]}}',
        content_events=4,
    ),
    _odd("200 levels of lists", b'{"x":%b,"choices":[]}' % (b"[" * 200 + b"]" * 200)),
    fine("no choices before the tokens", answer(event({"choices": [], "prompt_filter_results": []}), STREAM)),
    _call(
        "a tool call whose index is a list", [{"index": [0], "function": {"name": "f", "arguments": "{}"}}]
    ),
    _call("a tool call whose index is an object", [{"index": {"a": 1}, "function": {"name": "f"}}]),
    _call("a tool call whose function is null", [{"index": 0, "id": "a", "function": None}]),
    _call(
        "a tool call whose arguments are an object",
        [{"index": 0, "function": {"name": "f", "arguments": {"a": 1}}}],
    ),
    _call("a tool call that is a text", ["f"]),
)
