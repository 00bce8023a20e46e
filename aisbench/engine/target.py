"""Where the requests go: the URL taken apart, the name resolved, the socket address packed."""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

from aisbench.errors import BadInput

CONNECT_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Target:
    """A server: `host:port` as the Host header names it, and the address it resolved to."""

    base_url: str
    host: str
    port: int
    path: str
    address: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 80 else f"{host}:{self.port}"

    def sockaddr(self) -> bytes:
        """The address as the kernel takes it: struct sockaddr_in or sockaddr_in6."""
        ip = ipaddress.ip_address(self.address)
        if ip.version == 4:
            return struct.pack("=H", socket.AF_INET) + struct.pack("!H", self.port) + ip.packed + bytes(8)
        return (
            struct.pack("=H", socket.AF_INET6)
            + struct.pack("!HI", self.port, 0)
            + ip.packed
            + struct.pack("=I", 0)
        )


def resolve(url: str, endpoint: str) -> Target:
    """The target behind `--url`; `endpoint` is the path that requests are posted to.

    Raises BadInput for a URL that is none, a name that does not resolve, and a port that refuses.
    """
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise BadInput(f"--url {url}: {problem}; give http://host:port") from None
    if parts.scheme == "https":
        raise BadInput("--url: https is not supported yet; give http://host:port")
    if parts.scheme != "http" or not parts.hostname:
        raise BadInput(f"--url {url} is no URL of a server; give http://host:port")
    if parts.query or parts.fragment:
        raise BadInput(f"--url {url}: a query or fragment does not belong there; give http://host:port")
    if not endpoint.startswith("/"):
        raise BadInput(f"--endpoint {endpoint} must begin with a slash, as in /v1/completions")
    base_path = parts.path.rstrip("/")
    # A base URL that ends in /v1, as OpenAI clients take it, is not asked for /v1 twice.
    if base_path.endswith("/v1") and endpoint.startswith("/v1/"):
        base_path = base_path.removesuffix("/v1")
    port = port or 80
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise BadInput(
            f"--url: the host {parts.hostname!r} is unknown ({reason}); check its spelling"
        ) from None
    host = parts.hostname
    base_url = f"http://{host if ':' not in host else f'[{host}]'}:{port}{base_path}"
    address = reachable(base_url, [str(entry[4][0]).split("%")[0] for entry in found], port)
    return Target(base_url, host, port, base_path + endpoint, address)


def reachable(base_url: str, addresses: list[str], port: int) -> str:
    """The first address that accepts a connection; raises BadInput when none does."""
    problem = "no address"
    for address in dict.fromkeys(addresses):
        try:
            socket.create_connection((address, port), timeout=CONNECT_TIMEOUT_S).close()
            return address
        except OSError as failure:
            problem = failure.strerror or str(failure) or type(failure).__name__
    raise BadInput(f"--url {base_url}: cannot connect ({problem}); is the server running, and on this port?")


def request_head(target: Target, headers: dict[str, str], run_id: str) -> bytes:
    """The head of every request, up to the number in X-Request-Id; the core adds it and the length."""
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.host_header}",
        "User-Agent: aisbench",
        "Accept: text/event-stream",
        "Content-Type: application/json",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"X-Request-Id: {run_id}-")
    return "\r\n".join(lines).encode("latin-1")


def parse_headers(given: tuple[str, ...], api_key: str | None) -> dict[str, str]:
    """Headers from `--header NAME:VALUE` (or NAME=VALUE) and the key; raises BadInput for others."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    for text in given:
        at = min((text.find(mark) for mark in ":=" if mark in text), default=-1)
        name, value = text[:at].strip(), text[at + 1 :].strip()
        if at < 1 or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise BadInput(f"--header {text!r} is no header; give NAME:VALUE")
        if any(ord(c) < 32 or ord(c) > 255 or ord(c) == 127 for c in value):
            raise BadInput(f"--header {name}: the value has characters that a header cannot carry")
        if name.lower() in ("content-length", "transfer-encoding", "host", "x-request-id", "content-type"):
            raise BadInput(f"--header {name}: this header is set by aisbench itself")
        headers = {known: kept for known, kept in headers.items() if known.lower() != name.lower()}
        headers[name] = value
    return headers
