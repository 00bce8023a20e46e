"""Answers of APIs that a template file describes: JSON lines and whole JSON objects, against orjson and a plain reading of
the file's paths.

The first byte of an input chooses the template; the rest is the body of the answer.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson

from aisbench._native.protocol.odd_answers import is_error, is_keep_alive
from aisbench.backends.template.reading import template_backend
from tests.fuzz.engine import Check, Target
from tests.fuzz.reads import splits
from tests.fuzz.targets.decode import DECODE, values_at
from tests.fuzz.wire import Wire, Wires

_PATHS = {
    "text": "out[].text",
    "finish": "out[].why",
    "output_tokens": "use.out",
    "prompt_tokens": "use.in",
    "error": "bad",
}
_STREAM = "\n".join(f'{name} = "{path}"' for name, path in _PATHS.items())
_TEMPLATE = f"""
path = "/x"
body = '{{"p": {{{{ prompt | tojson }}}}}}'
[stream]
format = "lines"
end = "END"
{_STREAM}
[whole]
{_STREAM}
"""
_LINES, _WHOLE = 0, 1
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
)
# The words that mean something as a finish reason; any other is a reason, too.
_NOT_YET, _GAVE_UP = (
    ("", "in_progress", "queued", "none"),
    ("error", "abort", "aborted", "failed", "cancelled"),
)


def _count(values: list[Any]) -> int:
    """The last of `values` that is a count; -1: none is."""
    found = -1
    for value in values:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
            value = int(value)
        if type(value) in (int, float) and 0 <= value <= 2**31 - 1 and value == int(value):
            found = int(value)
    return found


class _Reading:
    """What the events of an answer come to. `kind`: of the failure, or empty. `unclear`: no opinion. `ends`: what ends it."""

    def __init__(self, ends: tuple[bytes, ...]) -> None:
        self.ends = ends
        self.kind = self.text = ""
        self.tokens = 0
        self.prompt = self.output = -1
        self.finished = self.ended = self.unclear = False

    def take(self, event: bytes) -> None:
        try:
            value = orjson.loads(event)
        except orjson.JSONDecodeError:
            self._take_unread(event)
            return
        found = {name: list(values_at(value, path.split("."))) for name, path in _PATHS.items()}
        # Lists of parts are read in another way.
        self.unclear = self.unclear or any(isinstance(one, (list, dict)) for one in found["text"])
        prompt, output = _count(found["prompt_tokens"]), _count(found["output_tokens"])
        text = "".join(one for one in found["text"] if isinstance(one, str))
        if not self.ended:
            whys = [one.lower() for one in found["finish"] if isinstance(one, str)]
            if any(found["error"]) or (whys and whys[-1] in _GAVE_UP):
                self.kind = "error_event"
                return
            self.finished = self.finished or bool(whys and whys[-1] not in _NOT_YET)
            if max(prompt, output) < 0 and not text and is_error(event):
                self.kind = "error_event"
                return
            self.tokens += bool(text)
            self.text += text
        if max(prompt, output) > 0 or (prompt != 0 and output != 0):
            self.prompt = prompt if prompt >= 0 else self.prompt
            self.output = output if output >= 0 else self.output

    def _take_unread(self, event: bytes) -> None:
        with contextlib.suppress(ValueError, RecursionError):
            json.loads(event.decode("utf-8", "replace"))
            # The standard library takes NaN, halves of surrogate pairs and broken UTF-8 as JSON.
            self.unclear = True
            return
        if self.ended:
            return
        if event.strip() in self.ends:
            self.ended = True
        elif not is_keep_alive(event):
            self.kind = "bad_event"


def _wanted(body: bytes, *, lines: bool) -> _Reading:
    # The template's `end` is one of streams.
    reading = _Reading((b"[DONE]", b"END") if lines else (b"[DONE]",))
    # A whole answer of several lines may be several events without blank lines between them.
    reading.unclear = not lines and b"\n" in body.strip(b" \t\r\n")
    events = (
        [body]
        if not lines
        else [line.removesuffix(b"\r") for line in body.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    )
    for event in events:
        if event or not lines:
            reading.take(event)
        if reading.kind:
            return reading
    if reading.tokens == 0:
        reading.kind = "no_output"
    elif lines and not reading.finished and not reading.ended:
        reading.kind = "stream_cut"
    return reading


def _meet(wire: Wire, pieces: list[bytes]) -> dict[str, Any]:
    peer = wire.asked()
    assert peer.request()
    row = wire.row(wire.answer(peer, pieces))
    kind, _ = wire.failure(row)
    said: dict[str, Any] = {"kind": kind}
    if not kind:
        said |= {"tokens": int(row["content_events"]), "text": wire.text(row)["content"]}
        said |= {"prompt": int(row["prompt_tokens"]), "output": int(row["output_tokens"])}
    return said


@contextlib.contextmanager
def _opened() -> Iterator[Check]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "api.toml")
        file.write_text(_TEMPLATE)
        backend = template_backend(str(file))
    assert backend.rules is not None
    stream = {
        "rules": backend.rules,
        "lines": True,
        "end": backend.end.encode(),
        "must_finish": backend.must_finish,
    }
    whole = {"rules": backend.plain_rules, "streams": False}
    wires = Wires({_LINES: {**stream, "keep_alive": False}, _WHOLE: {**whole, "keep_alive": False}})

    def check(data: bytes) -> None:
        case, body = (data[0] % 2, data[1:]) if data else (_LINES, b"")
        answer = _HEAD % len(body) + body
        wanted = _wanted(body, lines=case == _LINES)
        said = _meet(wires[case], [answer])
        cut = list(splits(answer))[-1]
        assert _meet(wires[case], cut) == said, f"read as {cut}"
        if not wanted.unclear:
            assert said["kind"] == wanted.kind
            if not wanted.kind:
                found = {name: getattr(wanted, name) for name in ("tokens", "text", "prompt", "output")}
                assert {**said, "kind": ""} == {"kind": "", **found}

    with wires.checking(check) as guarded:
        yield guarded


def _event(rng: Random) -> bytes:
    event: dict[str, Any] = {}
    if rng.random() < 0.8:
        event["out"] = [
            {"text": rng.choice(("x", "", "é😀", 'a "b"\n', None, 5))}
            for _ in range(rng.choice((1, 1, 1, 2)))
        ]
        if rng.random() < 0.3:
            event["out"][-1]["why"] = rng.choice(("stop", "length", "error", "", None, "x", 3))
    if rng.random() < 0.3:
        event["use"] = {"out": rng.choice((3, 0, "4", 2.0, -1, 2**31, None)), "in": rng.choice((9, 0, None))}
    if rng.random() < 0.05:
        event["bad"] = rng.choice((None, "", "x", {"a": 1}, False))
    text = json.dumps(event, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.1:
        # One key twice: the last one counts.
        text = text.replace('"text": ', '"text": "first", "text": ', 1).replace(
            '"out": [', '"out": [], "out": [', 1
        )
    return text.encode()


def _make(rng: Random) -> bytes:
    if rng.random() < 0.3:
        return bytes([_WHOLE]) + _event(rng)
    end = rng.choice((b"\n", b"\r\n"))
    events = [_event(rng) for _ in range(rng.randint(1, 4))]
    last = rng.choice((b"END", b"[DONE]", b'{"out":[{"text":"x","why":"stop"}]}', b""))
    return bytes([_LINES]) + end.join([*events, last]) + rng.choice((b"", end))


LINES = Target(
    "lines",
    _opened,
    _make,
    (
        *DECODE.words,
        b"END",
        b"[DONE]",
        b"\n",
        *(b'"%b"' % n for n in (b"out", b"why", b"use", b"in", b"bad")),
    ),
)
