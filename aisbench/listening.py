"""Binds a socket to an address of this host."""

from __future__ import annotations

import socket


def bound(
    host: str | None, port: int, family: int = socket.AF_UNSPEC, *, backlog: int | None = None
) -> socket.socket:
    """A socket bound to `host` (None: all addresses) and `port`; it listens if a `backlog` is given.

    Raises socket.gaierror if `host` is unknown, another OSError if the port is not available.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, family, socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound_to = socket.socket(family, kind, protocol)
    try:
        bound_to.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound_to.bind(address)
        if backlog is not None:
            bound_to.listen(backlog)
    except OSError:
        bound_to.close()
        raise
    return bound_to
