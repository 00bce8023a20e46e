"""Parses URLs, resolves names and packs socket addresses."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from aisbench.engine.target.transport import Proxy, Transport
from aisbench.errors import BadInput, CannotRun

_CONNECT_TIMEOUT_S = 10.0
# Endpoints at the end of URLs that people copy whole into --url. /v1, or a gateway's equivalent, stays in the base.
_WHOLE_ENDPOINT = re.compile(
    r"/(chat/)?completions$|(?<=/v1)/(embeddings|responses|rerank)$|/generate_stream$"
)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Target:
    """A server as its URL names it, and the socket address of the server or its proxy.

    `base_url` ends before the endpoint's path; `base_path` is the path in it. `sockaddr` is packed in the
    kernel's format.
    """

    base_url: str
    scheme: str
    host: str
    port: int
    base_path: str
    sockaddr: bytes
    # The endpoint's path after the base, if --url contained it.
    endpoint: str | None = None

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def host_header(self) -> str:
        return _bracketed(self.host) if self.port == _PORTS[self.scheme] else self.authority

    @property
    def is_here(self) -> bool:
        """True when the socket address belongs to this host."""
        (family,) = struct.unpack_from("=H", self.sockaddr)
        if family == socket.AF_UNIX:
            return True
        packed = self.sockaddr[4:8] if family == socket.AF_INET else self.sockaddr[8:24]
        try:
            # Only an address of this host can be bound.
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.bind((str(ipaddress.ip_address(packed)), 0))
            return True
        except OSError:
            return False

    def path(self, endpoint: str) -> str:
        """The path to post to. If the base URL ends in /v1, as for OpenAI's clients, /v1 is not repeated.

        Raises BadInput if --url contained the path of a different endpoint.
        """
        base = self.base_path
        if self.endpoint is not None:
            if _split_endpoint(endpoint)[1] != self.endpoint:
                raise BadInput(
                    f"--url ends in {self.endpoint}, but this run posts to {endpoint}; give --url {self.base_url}, "
                    "or the --backend or --endpoint that you mean"
                )
            return base + self.endpoint
        if base.endswith(endpoint):
            return base
        if base.endswith("/v1") and endpoint.startswith("/v1/"):
            base = base.removesuffix("/v1")
        return base + endpoint

    @property
    def root_url(self) -> str:
        """The base URL without /v1 at its end, under which a server has its other endpoints."""
        return self.base_url.removesuffix("/v1")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def resolve(url: str, transport: Transport) -> Target:
    """The target of `--url`, reached through `transport`.

    Raises BadInput for an invalid URL or a name that does not resolve, CannotRun if nothing accepts a connection.
    """
    url = with_scheme(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise BadInput(f"--url {url}: {problem}; give http://host:port") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadInput(f"--url {url} is not the URL of a server; give http://host:port or https://host")
    if any(ord(c) < 33 or ord(c) == 127 for c in url) or not parts.path.isascii():
        raise BadInput(
            f"--url {url!r} has a character that a request line cannot carry; write its path percent-encoded: "
            f"{quote(parts.path.strip(), safe='/%:,;@+')}"
        )
    if parts.username or parts.password:
        raise BadInput("--url holds a user name; give it as --header 'Authorization: Basic ...'")
    if parts.query:
        server = f"{parts.scheme}://{parts.netloc}"
        raise BadInput(
            f"--url {url} has a query; split it: --url {server} --endpoint '{parts.path or '/'}?{parts.query}'"
        )
    if parts.fragment:
        raise BadInput(
            f"--url {url} has a fragment, which is never sent to a server; leave #{parts.fragment} out"
        )
    port = port or _PORTS[parts.scheme]
    base_path, endpoint = _split_endpoint(parts.path.rstrip("/"))
    base_url = f"{parts.scheme}://{_bracketed(parts.hostname)}:{port}{base_path}"
    address = _socket_address(parts.hostname, port, base_url, transport)
    for local in transport.local_addresses:
        if packed_address(local, 0)[:2] != address[:2]:
            raise BadInput(
                f"--local-address {local} and the address of {base_url} are of different IP versions; give one of the same version"
            )
    return Target(base_url, parts.scheme, parts.hostname, port, base_path, address, endpoint)


def _split_endpoint(path: str) -> tuple[str, str | None]:
    """Splits a path into base and endpoint (None if the path does not end in a known endpoint)."""
    match = _WHOLE_ENDPOINT.search(path)
    return (path[: match.start()], match[0]) if match else (path, None)


def _socket_address(host: str, port: int, base_url: str, transport: Transport) -> bytes:
    if transport.uds is not None:
        return _unix_address(transport.uds)
    if transport.proxy is not None:
        return _proxy_address(transport.proxy)
    return reachable("--url", base_url, _addresses(f"--url: the host {host!r}", host, port), port)


def _proxy_address(proxy: Proxy) -> bytes:
    what = f"--proxy: the host {proxy.host!r}"
    url = f"http://{_bracketed(proxy.host)}:{proxy.port}"
    return reachable("--proxy", url, _addresses(what, proxy.host, proxy.port), proxy.port)


def _unix_address(path: str) -> bytes:
    """The struct sockaddr_un of a listening socket; raises CannotRun if it does not accept a connection."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_CONNECT_TIMEOUT_S)
            probe.connect(path)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise CannotRun(f"--uds {path}: cannot connect ({reason}); is the server listening there?") from None
    return struct.pack("=H", socket.AF_UNIX) + path.encode() + b"\0"


def _addresses(what: str, host: str, port: int) -> list[str]:
    """The IP addresses of `host`; raises BadInput, beginning with `what`, if it does not resolve."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise BadInput(f"{what} is unknown ({reason}); check its spelling") from None
    return list(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))


def reachable(flag: str, url: str, candidates: list[str], port: int) -> bytes:
    """The first address that accepts a connection, packed; raises CannotRun when none does."""
    problem = "no address"
    for address in candidates:
        try:
            socket.create_connection((address, port), timeout=_CONNECT_TIMEOUT_S).close()
            return packed_address(address, port)
        except OSError as failure:
            problem = failure.strerror or str(failure) or type(failure).__name__
    raise CannotRun(f"{flag} {url}: cannot connect ({problem}); is the server running, and on this port?")


def packed_address(address: str, port: int) -> bytes:
    """struct sockaddr_in or sockaddr_in6 of an IP address; raises ValueError for anything else."""
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + ip.packed + bytes(8)
    return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0) + ip.packed + struct.pack("=I", 0)
