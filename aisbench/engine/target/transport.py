"""How connections reach the servers: proxy, Unix socket, TLS, local addresses."""

from __future__ import annotations

import base64
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy; `user` None if it needs no login."""

    host: str
    port: int
    user: str | None = None
    password: str = ""

    @property
    def authorization(self) -> str:
        """The value of Proxy-Authorization; empty without a login."""
        if self.user is None:
            return ""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True)
class Transport:
    """The settings of all connections of a run. `local_addresses`: IP addresses to connect from, in turn."""

    uds: str | None
    proxy: Proxy | None
    cacert: str | None
    insecure: bool
    keep_alive: bool
    local_addresses: tuple[str, ...]

    @staticmethod
    def of(config: RunConfig) -> Transport:
        """The transport that `config` asks for. Raises BadInput, naming the flag, if it cannot work."""
        if config.uds is not None and config.proxy is not None:
            raise BadInput("--uds and --proxy exclude each other; leave one out")
        if config.uds is not None and config.local_address:
            raise BadInput("--local-address does not go with --uds; leave one out")
        proxy = _parse_proxy(config.proxy) if config.proxy is not None else None
        for address in config.local_address:
            _check_local(address)
        if config.cacert is not None:
            if config.insecure:
                raise BadInput("--cacert and --insecure contradict each other; leave one out")
            _check_cacert(config.cacert)
        return Transport(
            config.uds,
            proxy,
            config.cacert,
            config.insecure,
            config.connections == "keep-alive",
            config.local_address,
        )


def _parse_proxy(url: str) -> Proxy:
    """Parses `http://[user:password@]host:port`; raises BadInput for anything else."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or 8080
    except ValueError as problem:
        raise BadInput(f"--proxy {url}: {problem}; give http://host:port") from None
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
        raise BadInput(f"--proxy {url} is not an HTTP proxy; give http://host:port")
    user = unquote(parts.username) if parts.username is not None else None
    return Proxy(parts.hostname, port, user, unquote(parts.password or ""))


def _check_local(address: str) -> None:
    """Raises BadInput for an address that this host does not have."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        raise BadInput(f"--local-address {address!r} is not an IP address; give one of this host") from None
    try:
        with socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6) as probe:
            probe.bind((address, 0))
    except OSError as problem:
        raise BadInput(
            f"--local-address {address} cannot be used ({problem.strerror}); give an address of this host"
        ) from None


def _check_cacert(path: str) -> None:
    if not Path(path).is_file():
        raise BadInput(f"--cacert {path} does not exist; give a PEM file of certificates")
    try:
        tls_context(path, insecure=False)
    except (ssl.SSLError, OSError) as problem:
        raise BadInput(
            f"--cacert {path} holds no certificate ({problem}); give a PEM file of certificates"
        ) from None


def tls_context(cacert: str | None, *, insecure: bool) -> ssl.SSLContext:
    """A client's context that trusts the system's certificates, only those in `cacert`, or, if `insecure`, any."""
    context = ssl.create_default_context(cafile=cacert)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
