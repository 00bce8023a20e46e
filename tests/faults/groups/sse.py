"""Event streams that bend or break their grammar."""

from __future__ import annotations

from tests.faults.answers import DONE, END, HEAD, STOP, STREAM, TOKEN, TOKENS, USAGE, answer, chunk
from tests.faults.fault import Fault, broken, fine
from tests.faults.peer import hold

_ERROR = b'{"error":{"code":400,"message":"no room"}}'


def _lost(name: str, kind: str, says: bytes, *pieces: bytes) -> Fault:
    """A stream that is given up as soon as its fault is read."""
    return broken(name, kind, says, answer(*pieces))


def _short(name: str, kind: str, says: bytes, *pieces: bytes) -> Fault:
    """A stream that is complete as HTTP, but not as an answer."""
    return broken(name, kind, says, answer(*pieces), kept=True)


FAULTS: tuple[Fault, ...] = (
    _lost("an error in place of the stream", "error_event", b"no room", b"data: " + _ERROR + b"\n\n"),
    _lost("an error after tokens", "error_event", b"no room", TOKENS, b"data: " + _ERROR + b"\n\n"),
    _lost(
        "an error after tokens, then [DONE]",
        "error_event",
        b"no room",
        TOKENS,
        b"data: " + _ERROR + b"\n\n",
        DONE,
    ),
    _lost("event: error", "error_event", b"gone", TOKENS, b"event: error\ndata: gone\n\n"),
    _lost("event: error, after its data", "error_event", b"gone", TOKENS, b"data: gone\nevent: error\n\n"),
    _lost("an error: field", "error_event", b"no room", TOKENS, b"error: " + _ERROR + b"\n\n"),
    _short("an error as bare JSON after tokens", "error_event", b"no room", TOKENS, _ERROR),
    _short("a gateway's words after tokens", "stream_cut", b"upstream", TOKENS, b"upstream connect error\n"),
    _short("a gateway's words in place of the stream", "no_output", b"upstream", b"upstream connect error\n"),
    _short("no end of the stream", "stream_cut", b"finish reason", TOKENS),
    _short("[DONE] alone", "no_output", b"without generated content", DONE),
    _short("a finish reason alone", "no_output", b"without generated content", STOP, DONE),
    _short("nothing but comments", "no_output", b"without generated content", b": ping\n\n" * 3),
    _short("empty events alone", "no_output", b"without generated content", b"data: \n\n" * 3),
    broken(
        "an event larger than the limit",
        "event_too_large",
        b"--max-chunk-size",
        answer(TOKENS, b"data: " + b"x" * 70_000 + b"\n\n"),
        hold,
        drive={"max_event_bytes": 65_536},
    ),
    broken(
        "a line that does not end",
        "event_too_large",
        b"--max-chunk-size",
        HEAD + chunk(b"data: " + b"x" * 70_000),
        hold,
        drive={"max_event_bytes": 65_536},
    ),
    broken(
        "an event of many lines, larger than the limit",
        "event_too_large",
        b"--max-chunk-size",
        answer(b"data: xxxxxxxxxx\n" * 7000),
        hold,
        drive={"max_event_bytes": 65_536},
    ),
    fine("comments between events", answer(b": ping\n\n", STREAM.replace(b"\n\n", b"\n\n: ping\n\n"))),
    fine("a comment of 10 kB", answer(b": " + b"x" * 10_000 + b"\n\n", STREAM)),
    fine("event: ping", answer(b"event: ping\ndata: {}\n\n", STREAM)),
    fine("data: ping", answer(b"data: ping\n\n", STREAM)),
    fine("an empty event", answer(b"data:\n\n", STREAM)),
    fine("id:, retry: and event: fields", answer(b"id: 7\nretry: 10\nevent: message\n" + STREAM)),
    fine("lines that end with CR LF", answer(STREAM.replace(b"\n", b"\r\n"))),
    fine("lines that end with CR", answer(STREAM.replace(b"\n", b"\r"))),
    fine("no space after data:", answer(STREAM.replace(b"data: ", b"data:"))),
    fine("a byte order mark", answer(b"\xef\xbb\xbf" + STREAM)),
    fine("no blank lines between events", answer(STREAM.replace(b"\n\n", b"\n") + b"\n")),
    fine("no blank line after the last event", answer(STREAM[:-1])),
    fine("no line end after the last event", answer(STREAM[:-2])),
    fine("several blank lines between events", answer(STREAM.replace(b"\n\n", b"\n\n\n\n"))),
    fine(
        "JSON over several data: lines",
        answer(TOKEN.replace(b', "', b',\ndata: "') + STREAM),
        content_events=4,
    ),
    fine("[DONE] twice", answer(STREAM, DONE), late_events=0),
    fine("[DONE] with spaces around it", answer(STREAM.replace(b"[DONE]", b" [DONE] "))),
    fine("tokens after [DONE]", answer(STREAM, TOKENS), late_events=3),
    fine("an error after [DONE]", answer(STREAM, b"data: " + _ERROR + b"\n\n"), late_events=1),
    fine("usage after [DONE]", answer(TOKENS, STOP, DONE, USAGE), late_events=1),
    fine("no [DONE]", answer(TOKENS, STOP, USAGE)),
    fine("no finish reason", answer(TOKENS, USAGE, DONE), finish=0),
    broken(
        "an event that is cut short by the end",
        "bad_event",
        b"choices",
        HEAD + chunk(TOKENS + TOKEN[:30]) + END,
    ),
)
