"""The simulator in a process of its own, as the default target and for tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from aisbench.errors import BadInput

CONTROL_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0


class SimulatorProcess:
    """A running simulator. `lifeline` is the pipe whose end is its end."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], lifeline: IO[bytes]) -> None:
        self.port = port
        self.process = process
        self.lifeline = lifeline

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CONTROL_TIMEOUT_S)
        with contextlib.closing(connection):
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


@contextlib.contextmanager
def start_simulator(args: list[str]) -> Iterator[SimulatorProcess]:
    """Starts `aisbench simulate` with `args` on a free port; it ends with the block, or with this process.

    Raises BadInput with the simulator's own message when it does not start.
    """
    announced, announce = os.pipe()
    kept_by_it, kept_by_us = os.pipe()
    command = [sys.executable, "-m", "aisbench", "simulate", "--port", "0", *args]
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
                pass_fds=(announce, kept_by_it),
                start_new_session=True,
            )
        finally:
            os.close(announce)
            os.close(kept_by_it)
        simulator = SimulatorProcess(0, process, lifeline)
        try:
            port = reader.readline()
            if not port:
                process.wait()
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip()
                raise BadInput("the simulator did not start: " + said.removeprefix("error: ")[-500:])
            simulator.port = int(port)
            yield simulator
        finally:
            simulator.stop()
