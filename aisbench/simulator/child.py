"""Local servers that run in a child process: the simulator and the referee."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

from aisbench.children import child_environment, last_words
from aisbench.errors import BadInput, CannotRun

CONTROL_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0
# The exit code of a command that rejects its options.
_BAD_INPUT = 2


class LocalServer:
    """A server on `port` of this host that records what it really served."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> http.client.HTTPConnection:
        """Opens a connection for the server's pages, such as /truth."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=CONTROL_TIMEOUT_S)

    def get(self, path: str) -> bytes:
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def truth(self) -> dict[str, Any]:
        """The server's own figures since the last reset."""
        truth: dict[str, Any] = json.loads(self.get("/truth"))
        return truth

    def reset(self) -> None:
        """Clears the figures of `truth`."""
        self.get("/reset")


class Child:
    """A server process that exits when its standard input is closed. `port`: where it listens."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.port = 0

    def stop(self) -> int:
        """Ends the process if it still runs, and returns its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            return self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@contextlib.contextmanager
def started(name: str, command: list[str], *, announce_option: str | None = None) -> Iterator[Child]:
    """Starts a server, which ends with the block or with this process.

    The server writes its port as the first line of its standard output, or to the file descriptor passed in
    `announce_option`. Raises BadInput with the server's message when it rejects its options, CannotRun when it does not
    start.
    """
    announced, announce = os.pipe()
    if announce_option is not None:
        command = [*command, announce_option, str(announce)]
    # Errors go to a file: nobody would empty a pipe while the server runs.
    with os.fdopen(announced) as reader, tempfile.TemporaryFile() as errors:
        try:
            # In its own session, Ctrl-C does not reach the server, which the run still needs for requests in flight.
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=announce if announce_option is None else subprocess.DEVNULL,
                stderr=errors,
                env=child_environment(),
                pass_fds=() if announce_option is None else (announce,),
                start_new_session=True,
            )
        finally:
            os.close(announce)
        child = Child(process)
        try:
            port = reader.readline()
            if not port:
                code = process.wait()
                errors.seek(0)
                said = f"the {name} did not start: {last_words(errors.read()) or f'exit code {code}'}"
                raise BadInput(said) if code == _BAD_INPUT else CannotRun(said)
            child.port = int(port)
            yield child
        finally:
            child.stop()
