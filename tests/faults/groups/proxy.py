"""What a proxy or gateway before the server says in its place."""

from __future__ import annotations

from tests.faults.answers import GOOD, HEAD, TOKENS, chunk, headed, refusal
from tests.faults.fault import Fault, When, broken, fine, waits
from tests.faults.peer import Peer, close, hold

_HTML = b"<html><head><title>%b</title></head><body><center>nginx</center></body></html>"
_TUNNEL = {"tunnel": b"CONNECT server:443 HTTP/1.1\r\nHost: server:443\r\n\r\n"}


def _gateway(status: bytes, *headers: bytes, kept: bool = True) -> Fault:
    """A gateway's page of HTML."""
    answer = refusal(status, _HTML % status, b"Content-Type: text/html", *headers)
    name = f"a gateway's {status.decode()}" + ("" if kept else ", and Connection: close")
    return broken(name, f"http_{status[:3].decode()}", status, answer, kept=kept)


def _refused(name: str, says: bytes, answer: bytes) -> Fault:
    return broken(name, "connect", says, answer, hold, when=When.TUNNEL, drive=_TUNNEL)


def _opened(name: str, answer: bytes) -> Fault:
    return Fault(name, (answer, _serve), when=When.TUNNEL, drive=_TUNNEL)


def _serve(peer: Peer) -> None:
    """Answers one request, as the server at the tunnel's other end."""
    peer.read_body(peer.read_head())
    peer.client.sendall(GOOD)


FAULTS: tuple[Fault, ...] = (
    _gateway(b"502 Bad Gateway"),
    _gateway(b"503 Service Temporarily Unavailable", b"Retry-After: 5"),
    _gateway(b"504 Gateway Time-out"),
    _gateway(b"502 Bad Gateway", b"Connection: close", kept=False),
    _gateway(b"407 Proxy Authentication Required", b"Proxy-Authenticate: Basic"),
    _gateway(b"413 Request Entity Too Large"),
    _gateway(b"431 Request Header Fields Too Large"),
    _gateway(b"520 Web Server Returned an Unknown Error"),
    _gateway(b"524 A Timeout Occurred"),
    fine(
        "headers of a proxy", headed(b"Via: 1.1 proxy", b"Age: 0", b"X-Cache: MISS", b"Keep-Alive: timeout=5")
    ),
    broken(
        "the server behind a proxy dies within the stream, and the proxy ends the body",
        "stream_cut",
        b"finish reason",
        HEAD + chunk(TOKENS) + b"0\r\n\r\n",
        kept=True,
    ),
    broken(
        "the server behind a proxy dies within the stream, and the proxy closes",
        "stream_cut",
        b"before the response was complete",
        HEAD + chunk(TOKENS),
        close,
    ),
    broken(
        "a proxy adds its error page to the stream",
        "bad_http",
        b"chunk size",
        HEAD + chunk(TOKENS) + b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
        hold,
    ),
    _refused("a tunnel that is refused", b"403", b"HTTP/1.1 403 Forbidden\r\n\r\n"),
    _refused(
        "a tunnel that asks for a password", b"407", b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    ),
    _refused("a tunnel to a server that the proxy cannot reach", b"502", b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
    _refused("an answer to CONNECT that does not end", b"64 KiB", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000),
    _refused("an answer to CONNECT that is not HTTP", b"not HTTP/1.1", b"SSH-2.0\r\n\r\n"),
    _refused(
        "bytes after a proxy's answer to CONNECT", b"before it was asked", b"HTTP/1.1 200 OK\r\n\r\nhello"
    ),
    _opened("a tunnel that is opened with another 2xx", b"HTTP/1.1 201 Created\r\n\r\n"),
    _opened("a 1xx before the tunnel is open", b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    _opened("a length in the answer that opens the tunnel", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    _opened("an answer to CONNECT whose lines end with LF alone", b"HTTP/1.1 200 OK\n\n"),
    broken(
        "a proxy that closes instead of making a tunnel",
        "connect",
        b"the proxy closed the connection",
        close,
        when=When.TUNNEL,
        drive=_TUNNEL,
    ),
    waits("a proxy that does not answer CONNECT", hold, when=When.TUNNEL, drive=_TUNNEL),
    waits("a tunnel to a silent server", b"HTTP/1.1 200 OK\r\n\r\n", hold, when=When.TUNNEL, drive=_TUNNEL),
)
