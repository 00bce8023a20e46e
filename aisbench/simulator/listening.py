"""The simulator's listening socket: a port or a Unix socket, with or without encryption."""

from __future__ import annotations

import os
import socket
import ssl
import stat

from aisbench.errors import BadInput
from aisbench.listening import bound


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, not yet listening. Raises BadInput if that fails."""
    if not 0 <= port <= 65535:
        raise BadInput(f"--port must be from 1 to 65535, or 0 for any free port, got {port}")
    try:
        return bound(host or None, port, socket.AF_INET6 if ":" in host else socket.AF_INET)
    except socket.gaierror as problem:
        raise BadInput(
            f"--host {host!r} cannot be resolved ({problem.strerror}); give an address of this machine"
        ) from None
    except OSError as problem:
        raise BadInput(
            f"--port {port} on {host} cannot be opened ({problem.strerror}); give another port, or 0 for any free one"
        ) from None


def listen_unix(path: str) -> socket.socket:
    """A Unix socket bound to `path`, replacing one that a dead process left. Raises BadInput if that fails."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_abandoned(path):
            os.unlink(path)
        listener.bind(path)
    except OSError as problem:
        listener.close()
        raise BadInput(
            f"--uds {path} cannot be opened ({problem.strerror or problem}); give the path of a new socket"
        ) from None
    return listener


def _is_abandoned(path: str) -> bool:
    """Whether `path` is a socket on which nobody listens."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def encryption(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """The TLS context of a certificate and its key (PEM files); None without them. Raises BadInput."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise BadInput("--tls-cert and --tls-key must be given together; give both or neither")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as problem:
        # The strerror of an ssl.SSLError, which is an OSError too, is not readable.
        reason = (
            problem.strerror
            if not isinstance(problem, ssl.SSLError)
            else "the key does not fit the certificate, or a file is not PEM"
        )
        raise BadInput(
            f"--tls-cert {certificate} and --tls-key {key} cannot be used ({reason}); give a certificate and "
            "its key as PEM files"
        ) from None
    return context
