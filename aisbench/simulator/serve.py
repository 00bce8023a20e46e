"""Running the simulator: listening, announcing the port, ending cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
from collections.abc import Callable

import uvloop

from aisbench.errors import BadInput
from aisbench.simulator.connection import Connection
from aisbench.simulator.parameters import Parameters
from aisbench.simulator.server import Simulator

BACKLOG = 4096
# A request makes no cycles, so there is next to nothing to collect; the default would look every few steps.
GC_THRESHOLD = 100_000
DESCRIPTION_WIDTH = 100


def serve(
    parameters: Parameters,
    host: str,
    port: int,
    say: Callable[[str], None],
    *,
    announce: int | None = None,
    lifeline: int | None = None,
) -> None:
    """Serves until SIGINT, SIGTERM, or the end of `lifeline`, a file descriptor.

    `announce`: a file descriptor that is told the port. Raises BadInput when the address cannot be had.
    """
    parameters.check()
    for flag, fd in (("--announce", announce), ("--lifeline", lifeline)):
        if fd is not None:
            check_open(flag, fd)
    raise_file_limit()
    uvloop.run(run(parameters, listen(host, port), say, announce, lifeline))


def check_open(flag: str, fd: int) -> None:
    try:
        os.fstat(fd)
    except OSError:
        raise BadInput(f"{flag} {fd} is not open; give a file descriptor that the process inherits") from None


def raise_file_limit() -> None:
    """A descriptor per client: as many as the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise BadInput(f"--port {port} is no port; give 1 to 65535, or 0 for any free one")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except socket.gaierror as problem:
        listener.close()
        raise BadInput(
            f"--host {host!r} is unknown ({problem.strerror}); give an address of this machine"
        ) from None
    except OSError as problem:
        listener.close()
        raise BadInput(
            f"--port {port} on {host} cannot be had ({problem.strerror}); give another, or 0"
        ) from None
    return listener


async def run(
    parameters: Parameters,
    listener: socket.socket,
    say: Callable[[str], None],
    announce: int | None,
    lifeline: int | None,
) -> None:
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    if lifeline is not None:
        loop.add_reader(lifeline, end.set)
    simulator = Simulator(parameters)
    server = await loop.create_server(lambda: Connection(simulator), sock=listener, backlog=BACKLOG)
    host, port = listener.getsockname()[:2]
    for line in in_lines(parameters.describe()):
        say(line)
    say(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}")
    if announce is not None:
        os.write(announce, f"{port}\n".encode())
        os.close(announce)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    await end.wait()
    server.close()


def in_lines(parts: list[str]) -> list[str]:
    """The parts as one block of text that is not too wide."""
    lines = ["simulated server: "]
    for i, part in enumerate(parts):
        piece = part + ("" if i == len(parts) - 1 else ", ")
        if len(lines[-1]) + len(piece) > DESCRIPTION_WIDTH:
            lines.append("  ")
        lines[-1] += piece
    return [line.rstrip() for line in lines]
