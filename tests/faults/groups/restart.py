"""Servers that restart between or within answers."""

from __future__ import annotations

from tests.faults.answers import DONE, GOOD, HEAD, STREAM, TOKEN, UNTIL_CLOSE, chunk
from tests.faults.fault import Fault, broken, fine
from tests.faults.peer import Step, apart, close, reset, restart


def _within(name: str, kind: str, says: bytes, *steps: Step) -> Fault:
    return broken(name, kind, says, *steps, in_flight=1)


FAULTS: tuple[Fault, ...] = (
    _within("restarts before it answers", "connection_reset", b"without an answer", restart, close),
    _within("restarts within the stream", "stream_cut", b"closed", HEAD + chunk(TOKEN), restart, close),
    _within(
        "restarts within the stream, with a reset",
        "connection_reset",
        b"",
        HEAD + chunk(TOKEN),
        apart,
        restart,
        reset,
    ),
    _within("restarts after an error", "http_503", b"", b"HTTP/1.1 503 Restarting\r\n\r\n", restart, close),
    fine("restarts after a complete answer", GOOD, restart, close, kept=False, in_flight=1),
    fine("restarts after [DONE]", HEAD + chunk(STREAM), restart, close, kept=False, in_flight=1),
    fine("restarts as the end of the body", UNTIL_CLOSE + STREAM, restart, close, kept=False, in_flight=1),
    fine("only its listener restarts", restart, GOOD[: -len(DONE)], GOOD[-len(DONE) :], in_flight=1),
)
