"""TLS that fails at the handshake, or later."""

from __future__ import annotations

from typing import Any

from tests.faults.answers import GOOD, HEAD, STREAM, TOKEN, UNTIL_CLOSE, chunk
from tests.faults.certificates import shakes_hands
from tests.faults.fault import Fault, When, broken, fine, waits
from tests.faults.peer import Step, apart, bare, close, close_notify, drip, hold, listen, reset

# An alert record: fatal, with its number as the last byte.
_ALERT = b"\x15\x03\x03\x00\x02\x02%c"


def _shake(name: str, says: bytes, *steps: Step, kind: str = "connect") -> Fault:
    return broken(name, kind, says, *steps, when=When.ACCEPT, tls=True)


def _later(name: str, kind: str, says: bytes, *steps: Step) -> Fault:
    return broken(name, kind, says, *steps, tls=True)


def _sound(name: str, *steps: Step, kept: bool = True, **counts: Any) -> Fault:
    return fine(name, *steps, kept=kept, tls=True, **counts)


FAULTS: tuple[Fault, ...] = (
    _shake("a server without TLS", b"TLS: ", b"HTTP/1.1 400 Bad Request\r\n\r\n", hold),
    _shake("bytes at random in place of the handshake", b"TLS: ", b"\x00\x01\x02\x03" * 20, hold),
    _shake("closed in place of the handshake", b"during the TLS handshake, closed", listen, close),
    _shake("reset in place of the handshake", b"reset", apart, reset, kind="connect or connection_reset"),
    _shake("an alert: handshake failure", b"TLS: ", _ALERT % 40, hold),
    _shake("an alert: unknown name", b"TLS: ", _ALERT % 112, hold),
    _shake("an alert: protocol version", b"TLS: ", _ALERT % 70, hold),
    _shake("a certificate of another name", b"ostname mismatch", shakes_hands("of another name"), hold),
    _shake("an expired certificate", b"expired", shakes_hands("expired"), hold),
    _shake("a certificate of an unknown issuer", b"TLS: ", shakes_hands("of an unknown issuer"), hold),
    _shake(
        "the server asks for a certificate",
        b"",
        shakes_hands("asks for a certificate"),
        hold,
        kind="bad_http or connection_reset",
    ),
    waits("silent in place of the handshake", hold, when=When.ACCEPT, tls=True),
    waits("silent after the handshake", hold, tls=True),
    _later(
        "closed after the first token, as TLS does",
        "stream_cut",
        b"closed",
        HEAD + chunk(TOKEN),
        close_notify,
    ),
    _later(
        "closed after the first token, without TLS's end", "stream_cut", b"closed", HEAD + chunk(TOKEN), close
    ),
    _later("reset after the first token", "connection_reset", b"reset", HEAD + chunk(TOKEN), apart, reset),
    _later("closed without an answer, as TLS does", "connection_reset", b"without an answer", close_notify),
    _later(
        "bytes past TLS within the stream",
        "bad_http",
        b"TLS: ",
        HEAD + chunk(TOKEN),
        bare(b"garbage" * 9),
        hold,
    ),
    _later("an alert within the stream", "bad_http", b"TLS: ", HEAD + chunk(TOKEN), bare(_ALERT % 80), hold),
    _sound("a body until TLS's end", UNTIL_CLOSE + STREAM, close_notify, kept=False),
    _sound("a body until the close, without TLS's end", UNTIL_CLOSE + STREAM, close, kept=False),
    _sound("closed after a complete answer, as TLS does", GOOD, close_notify, kept=False),
    _sound("a record for every seven bytes", *drip(GOOD, 7)),
)
