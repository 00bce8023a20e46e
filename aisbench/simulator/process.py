"""The simulator in a process of its own, as the default target and for tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from aisbench.children import child_command, child_environment, last_words
from aisbench.errors import BadInput, CannotRun

CONTROL_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
# The command line's exit code for options that cannot be used.
BAD_INPUT = 2


class SimulatorProcess:
    """A running simulator, on a port or on the Unix socket `uds`; with `tls` it speaks https.

    `lifeline` is the pipe whose end is its end.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], lifeline: IO[bytes], uds: str | None, tls: bool
    ) -> None:
        self.port = 0
        self.process = process
        self.lifeline = lifeline
        self.uds = uds
        self.tls = tls

    @property
    def url(self) -> str:
        """Its base URL; where it has a socket of its own, the host in it only fills the Host header."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://localhost" if self.uds else f"{scheme}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def connect(self) -> http.client.HTTPConnection:
        """A connection for its own pages, whoever signed its certificate."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CONTROL_TIMEOUT_S)
        if self.uds is None and not self.tls:
            return connection
        if self.uds is None:
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=CONTROL_TIMEOUT_S)
        else:
            plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            plain.settimeout(CONTROL_TIMEOUT_S)
            plain.connect(self.uds)
        connection.sock = unverified().wrap_socket(plain) if self.tls else plain
        return connection

    def get(self, path: str) -> bytes:
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def truth(self) -> dict[str, Any]:
        """What happened since the last reset, as the server saw it."""
        truth: dict[str, Any] = json.loads(self.get("/truth"))
        return truth

    def reset(self) -> None:
        self.get("/reset")

    def stop(self) -> int:
        """Ends it, if it has not ended, and returns its exit code."""
        self.lifeline.close()
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def start_simulator(
    args: list[str], *, uds: str | None = None, tls: tuple[str, str] | None = None
) -> Iterator[SimulatorProcess]:
    """Starts `aisbench simulate` with `args` on a free port; it ends with the block, or with this process.

    `uds`: it listens there instead. `tls`: files of certificate and key, with which it speaks https.
    Raises BadInput with the simulator's own message when it refuses `args`, CannotRun when it does not start.
    """
    announced, announce = os.pipe()
    kept_by_it, kept_by_us = os.pipe()
    command = child_command("aisbench", "simulate", "--port", "0", *args)
    command += ["--uds", uds] if uds else []
    command += ["--tls-cert", tls[0], "--tls-key", tls[1]] if tls else []
    command += ["--announce", str(announce), "--lifeline", str(kept_by_it)]
    with (
        os.fdopen(announced) as reader,
        os.fdopen(kept_by_us, "wb") as lifeline,
        # Not a pipe: nobody reads while it runs.
        tempfile.TemporaryFile() as errors,
    ):
        try:
            # A session of its own: Ctrl-C is for the run, which still needs its server for what is in flight.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=child_environment(),
                pass_fds=(announce, kept_by_it),
                start_new_session=True,
            )
        finally:
            os.close(announce)
            os.close(kept_by_it)
        simulator = SimulatorProcess(process, lifeline, uds, tls is not None)
        try:
            port = reader.readline()
            if not port:
                code = process.wait()
                errors.seek(0)
                said = f"the simulator did not start: {last_words(errors.read()) or f'exit code {code}'}"
                raise BadInput(said) if code == BAD_INPUT else CannotRun(said)
            simulator.port = int(port)
            yield simulator
        finally:
            simulator.stop()
