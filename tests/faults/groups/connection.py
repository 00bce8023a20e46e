"""Connections that are closed, reset or left silent."""

from __future__ import annotations

from tests.faults.answers import (
    CHUNKED,
    DONE,
    END,
    GOOD,
    HEAD,
    STATUS,
    STOP,
    STREAM,
    TOKEN,
    TOKENS,
    UNTIL_CLOSE,
    USAGE,
    chunk,
)
from tests.faults.fault import Fault, When, broken, fine, waits
from tests.faults.peer import apart, close, drip, half_close, hold, reset

# Says that it ends, but not with [DONE].
_OVER = HEAD + chunk(TOKENS + STOP + USAGE)
_AT_ACCEPT = "connection_reset or connect"

FAULTS: tuple[Fault, ...] = (
    broken("closed as soon as it is accepted", _AT_ACCEPT, b"", close, when=When.ACCEPT),
    broken("reset as soon as it is accepted", _AT_ACCEPT, b"", reset, when=When.ACCEPT),
    waits("accepted, and never read", hold, when=When.ACCEPT),
    waits("no answer", hold),
    waits("silent within the status line", b"HTTP/1.1 2", hold),
    waits("silent after the status line", STATUS, hold),
    waits("silent after the head", HEAD, hold),
    waits("silent after the first token", HEAD + chunk(TOKEN), hold),
    waits("silent within an event", HEAD + chunk(TOKENS + TOKEN[:20]), hold),
    waits("silent within a chunk", HEAD + b"400\r\n" + TOKEN, hold),
    broken("closed without an answer", "connection_reset", b"without an answer", close),
    broken("reset without an answer", "connection_reset", b"reset", reset),
    broken(
        "closed within the status line",
        "stream_cut",
        b"before the response was complete",
        b"HTTP/1.1 2",
        close,
    ),
    broken(
        "closed within the head", "stream_cut", b"before the response was complete", STATUS + CHUNKED, close
    ),
    broken("closed after the head", "stream_cut", b"before the response was complete", HEAD, close),
    broken("closed after the first token", "stream_cut", b"closed", HEAD + chunk(TOKEN), close),
    broken("closed within an event", "stream_cut", b"closed", HEAD + chunk(TOKENS + TOKEN[:20]), close),
    broken("closed within a chunk", "stream_cut", b"closed", HEAD + b"400\r\n" + TOKEN, close),
    broken("closed within a chunk's size", "stream_cut", b"closed", HEAD + chunk(TOKENS) + b"4", close),
    broken("reset after the first token", "connection_reset", b"reset", HEAD + chunk(TOKEN), apart, reset),
    broken(
        "half closed after the first token", "stream_cut", b"closed", HEAD + chunk(TOKEN), half_close, hold
    ),
    broken(
        "a body until the close, without an end of the stream",
        "stream_cut",
        b"closed",
        UNTIL_CLOSE + TOKENS,
        close,
    ),
    fine("a body until the close", UNTIL_CLOSE + STREAM, close, kept=False),
    fine("closed after a complete answer", GOOD, close, kept=False),
    fine("half closed after a complete answer", GOOD, half_close, hold, kept=False),
    fine("reset after a complete answer", GOOD, apart, reset, kept=False),
    fine("closed after [DONE], without the last chunk", HEAD + chunk(STREAM), close, kept=False),
    fine("reset after [DONE], without the last chunk", HEAD + chunk(STREAM), apart, reset, kept=False),
    fine("open after [DONE], without the last chunk", HEAD + chunk(STREAM), hold, kept=False, marks=1),
    fine("closed after a finish reason and the usage, without the last chunk", _OVER, close, kept=False),
    fine(
        "reset after a finish reason and the usage, without the last chunk", _OVER, apart, reset, kept=False
    ),
    fine(
        "open after a finish reason and the usage, without the last chunk", _OVER, hold, kept=False, marks=1
    ),
    broken(
        "closed after a finish reason without usage, without the last chunk",
        "stream_cut",
        b"before the response was complete",
        HEAD + chunk(TOKENS + STOP),
        close,
    ),
    waits(
        "open after a finish reason without usage, without the last chunk", HEAD + chunk(TOKENS + STOP), hold
    ),
    fine(
        "a body until the close, with a finish reason alone",
        UNTIL_CLOSE + TOKENS + STOP,
        close,
        kept=False,
        prompt_tokens=-1,
        output_tokens=-1,
    ),
    fine("one byte at a time", *drip(GOOD)),
    fine("seven bytes at a time", *drip(GOOD, 7)),
    fine("the last chunk long after [DONE]", HEAD + chunk(STREAM), apart, END),
    fine("[DONE] in a read of its own", HEAD + chunk(STREAM[: -len(DONE)]), apart, chunk(DONE) + END),
)
