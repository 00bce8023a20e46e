"""The head of every request: request line, headers, and the request id that a server logs."""

from __future__ import annotations

from aisbench.backends.backend import Backend
from aisbench.backends.openai_completions import COMPLETIONS
from aisbench.config.identity import FRAMING
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target
from aisbench.errors import BadInput


def request_head(
    target: Target,
    path: str,
    headers: dict[str, str],
    transport: Transport,
    id_header: str | None,
    id_prefix: str,
    *,
    accepts: str,
) -> bytes:
    """The head up to the number in the request id; the core appends the number and the Content-Length.

    `id_header`: the name of the header with the id; None: there is none, and the head ends with a whole line.
    """
    proxy = transport.proxy if not target.is_tls else None
    # A proxy needs the whole URL. Through a tunnel, or without a proxy, the server needs only the path.
    asked = f"http://{target.authority}{path}" if proxy is not None else path
    lines = [
        f"POST {asked} HTTP/1.1",
        f"Host: {target.host_header}",
        "User-Agent: aisbench",
        f"Accept: {accepts}",
        "Content-Type: application/json",
    ]
    if proxy is not None and proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    if not transport.keep_alive:
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append("" if id_header is None else f"{id_header}: {id_prefix}")
    return "\r\n".join(lines).encode("latin-1")


def tunnel_head(target: Target, transport: Transport) -> bytes:
    """The CONNECT request that opens a tunnel through the proxy; empty if no tunnel is needed."""
    proxy = transport.proxy
    if proxy is None or not target.is_tls:
        return b""
    lines = [f"CONNECT {target.authority} HTTP/1.1", f"Host: {target.authority}", "User-Agent: aisbench"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _carried(value: str) -> bool:
    """Whether a header can carry `value`: visible Latin-1 characters, blanks and tabs."""
    return all((31 < ord(c) < 127 or 159 < ord(c) < 256) or c == "\t" for c in value)


def _clean_key(api_key: str | None) -> str:
    """The key without surrounding whitespace. Raises BadInput, without quoting it, if no header can carry it."""
    key = (api_key or "").strip()
    if not _carried(key):
        raise BadInput(
            "the API key (--api-key, AISBENCH_API_KEY or OPENAI_API_KEY) has a character that a header cannot carry: "
            "a line break, a control character or one outside Latin-1; give only the key"
        )
    return key


def parse_headers(
    given: tuple[str, ...], api_key: str | None, backend: Backend = COMPLETIONS
) -> dict[str, str]:
    """Headers from `--header NAME:VALUE` (or NAME=VALUE), the key, and those of the API. Raises BadInput for anything else."""
    key = _clean_key(api_key)
    name, before = backend.key_header
    headers = {**({name: f"{before}{key}"} if key else {}), **backend.headers}
    for text in given:
        at = min((text.find(mark) for mark in ":=" if mark in text), default=-1)
        name, value = text[:at].strip(), text[at + 1 :].strip()
        if at < 1 or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise BadInput(f"--header {text!r} is not a header; give NAME:VALUE")
        if not _carried(value):
            raise BadInput(
                f"--header {name}: the value has a character that a header cannot carry; use visible Latin-1 characters"
            )
        if name.lower() in FRAMING:
            raise BadInput(f"--header {name} is set by aisbench; leave it out")
        headers = {known: kept for known, kept in headers.items() if known.lower() != name.lower()}
        headers[name] = value
    return headers
