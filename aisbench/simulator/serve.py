"""Runs the simulator: listens, announces the port, and ends cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import ssl
from collections.abc import Callable

import uvloop

from aisbench.errors import BadInput
from aisbench.simulator.connection import Connection, TlsConnection
from aisbench.simulator.known_answers import KnownAnswers
from aisbench.simulator.listening import encryption, listen, listen_unix
from aisbench.simulator.model.parameters import Parameters
from aisbench.simulator.server import Simulator

_BACKLOG = 4096
# Requests create no reference cycles, and the default threshold would start a collection every few steps.
_GC_THRESHOLD = 100_000
_DESCRIPTION_WIDTH = 100


def serve(
    parameters: Parameters,
    host: str,
    port: int,
    say: Callable[[str], None],
    *,
    uds: str | None = None,
    tls: tuple[str | None, str | None] = (None, None),
    announce: int | None = None,
    lifeline: int | None = None,
) -> None:
    """Serves until SIGINT, SIGTERM, or the end of the file descriptor `lifeline`.

    `uds`: the path of a Unix socket to listen on, instead of host and port. `tls`: the files of a certificate and its
    key (PEM), for https. `announce`: a file descriptor to write the port to, 0 for a Unix socket. `say` prints a line.
    Raises BadInput when the parameters, the address or the certificate cannot be used.
    """
    parameters.check()
    known = None if parameters.answers is None else KnownAnswers.read(parameters.answers)
    for flag, fd in (("--announce", announce), ("--lifeline", lifeline)):
        if fd is not None:
            _check_open(flag, fd)
    context = encryption(*tls)
    _raise_file_limit()
    listener = listen(host, port) if uds is None else listen_unix(uds)
    try:
        uvloop.run(run(parameters, known, listener, context, say, announce, lifeline))
    finally:
        if uds is not None:
            with contextlib.suppress(OSError):
                os.unlink(uds)


def _check_open(flag: str, fd: int) -> None:
    try:
        os.fstat(fd)
    except OSError:
        raise BadInput(f"{flag} {fd} is not open; give a file descriptor that the process inherits") from None


def _raise_file_limit() -> None:
    """Each client needs a file descriptor, so the limit is raised as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def run(
    parameters: Parameters,
    known: KnownAnswers | None,
    listener: socket.socket,
    context: ssl.SSLContext | None,
    say: Callable[[str], None],
    announce: int | None,
    lifeline: int | None,
) -> None:
    """Serves on `listener`; for the other arguments see `serve`. `context`: for https."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    if lifeline is not None:
        loop.add_reader(lifeline, end.set)
    simulator = Simulator(parameters, known)
    kind = Connection if context is None else TlsConnection
    port = 0
    scheme = "http" if context is None else "https"

    def accepted() -> Connection:
        return kind(simulator)

    if listener.family == socket.AF_UNIX:
        server = await loop.create_unix_server(accepted, sock=listener, ssl=context, backlog=_BACKLOG)
        where = f"{scheme}://localhost through {listener.getsockname()}"
    else:
        server = await loop.create_server(accepted, sock=listener, ssl=context, backlog=_BACKLOG)
        host, port = listener.getsockname()[:2]
        where = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    for line in _in_lines(parameters.describe()):
        say(line)
    say(f"listening on {where}")
    if announce is not None:
        os.write(announce, f"{port}\n".encode())
        os.close(announce)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
    await end.wait()
    server.close()


def _in_lines(parts: list[str]) -> list[str]:
    """Joins the parts into lines of at most _DESCRIPTION_WIDTH characters."""
    lines = ["simulated server: "]
    for i, part in enumerate(parts):
        piece = part + ("" if i == len(parts) - 1 else ", ")
        if len(lines[-1]) + len(piece) > _DESCRIPTION_WIDTH:
            lines.append("  ")
        lines[-1] += piece
    return [line.rstrip() for line in lines]
