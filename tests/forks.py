"""Starts commands as forks of a process that has imported what they need, which saves most of a command's start.

Each is a process of its own with its own arguments, environment, folder and streams, as if started by its name. Only
`/proc/PID/cmdline` and what is fixed before the first line of Python runs are those of the process that was forked.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import io
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aisbench
from aisbench.cli import main
from tests.waiting import readable
from tests.zygote import end_with, fork_children_early, variables_of_starts

ROOT = Path(__file__).parents[1]
# A request: the command's arguments and environment. It comes with four descriptors: stdin, stdout, stderr, and a pipe
# for the exit code.
_MOST_BYTES = 1 << 18
_FDS = 4


class Fork:
    """A command that runs, or has run; used like a subprocess.Popen whose output is text in pipes."""

    def __init__(self, pid: int, out: io.TextIOWrapper, err: io.TextIOWrapper, code: int) -> None:
        self.pid = pid
        self.stdout = out
        self.stderr = err
        self.returncode: int | None = None
        self._code = code

    def poll(self) -> int | None:
        if self.returncode is None and readable(self._code, 0.0):
            self._read_code()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not readable(self._code, timeout):
                raise subprocess.TimeoutExpired("the command", timeout or 0.0)
            self._read_code()
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        said: dict[io.TextIOWrapper, str] = {}

        def read(stream: io.TextIOWrapper) -> None:
            said[stream] = stream.read()
            stream.close()

        readers = [
            threading.Thread(target=read, args=(one,), daemon=True) for one in (self.stdout, self.stderr)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired("the command", timeout or 0.0)
        self.wait(timeout)
        return said[self.stdout], said[self.stderr]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            # It may have ended since, and nobody has been told so far.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _read_code(self) -> None:
        told = os.read(self._code, 16)
        os.close(self._code)
        assert told, "the process that commands are forked of has ended"
        self.returncode = int(told)


class Forks:
    """The process that commands are forked of; it imports the package and `modules`, and ends with this process."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno()), *modules],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env=environment,
            )
        self._socket = ours
        self._lock = threading.Lock()
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()

    def start(
        self,
        entry: str,
        argv: Sequence[object],
        environment: Mapping[str, str],
        *,
        cwd: Path | None = None,
        given: str | int = "",
        one_stream: bool = False,
    ) -> Fork:
        """Calls `entry`, a function of aisbench.cli.main or a whole program, with `argv` as command line.

        `given`: what stands on its standard input, or a descriptor that becomes it and is closed here. `one_stream`: it
        writes errors to its standard output.
        """
        request = {
            "entry": entry,
            "argv": [*map(str, argv)],
            "environment": dict(environment),
            "cwd": str(cwd or Path.cwd()),
        }
        out, theirs_out = os.pipe()
        err, theirs_err = os.pipe()
        code, theirs_code = os.pipe()
        stdin = given if isinstance(given, int) else _file_of(given)
        passed = [stdin, theirs_out, theirs_out if one_stream else theirs_err, theirs_code]
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(request).encode()], passed)
            pid = int(self._socket.recv(16))
        for fd in (stdin, theirs_out, theirs_err, theirs_code):
            os.close(fd)
        return Fork(pid, open(out, encoding="utf-8"), open(err, encoding="utf-8"), code)


def _file_of(text: str) -> int:
    file = os.memfd_create("given")
    os.write(file, text.encode())
    os.lseek(file, 0, os.SEEK_SET)
    return file


# What commands import once they have begun, beside the modules of the package.
OF_COMMANDS = (
    "aiohttp",
    "concurrent.futures.thread",
    "encodings.idna",
    "importlib.metadata",
    "numpy.ma",
    "numpy.random",
    "prometheus_client.parser",
    "yaml",
)
# Their imports load plotly or lm_eval, which few commands use.
_HEAVY = {"aisbench.report.figures.plot_file", "aisbench.studies.evaluation.harness.model"}


@functools.cache
def forks() -> Forks:
    """The process of which this test session forks commands."""
    return Forks(OF_COMMANDS, os.environ)


class _Job(Exception):
    """Leaves the loop of the process that was forked, in the fork."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request


def _serve(control: socket.socket) -> None:
    """Forks a process for each request until the test session closes the socket. Raises _Job in each fork."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(control, selectors.EVENT_READ, None)
        while True:
            for key, _ in waiting.select():
                if key.data is not None:
                    waiting.unregister(key.fd)
                    key.data()
                elif not (fork := _forked(control)):
                    return
                else:
                    waiting.register(*fork)


def _forked(control: socket.socket) -> tuple[int, int, Callable[[], None]] | None:
    """The end of a new fork, as a selector's registration; None if nobody asks for forks any more."""
    message, fds, _, _ = socket.recv_fds(control, _MOST_BYTES, _FDS)
    if not message:
        return None
    pid = os.fork()
    if pid == 0:
        control.close()
        for number, fd in enumerate(fds[:3]):
            os.dup2(fd, number)
        for fd in fds:
            os.close(fd)
        raise _Job(json.loads(message))
    code = fds.pop()
    for fd in fds:
        os.close(fd)
    control.send(str(pid).encode())
    over = os.pidfd_open(pid)

    def ended() -> None:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(BrokenPipeError):
            os.write(code, str(status).encode())
        os.close(code)
        os.close(over)

    return over, selectors.EVENT_READ, ended


def _run(request: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["cwd"])
    as_here = variables_of_starts(request["environment"]) == variables_of_starts(os.environ)
    os.environ.clear()
    os.environ.update(request["environment"])
    # As a new interpreter would have it.
    named = filter(None, request["environment"].get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:0] = [folder for folder in named if folder not in sys.path]
    sys.argv = ["aisbench", *request["argv"]]
    if request["argv"][:1] != ["simulate"] and as_here:
        fork_children_early()
    entry = getattr(main, request["entry"], None)
    end_with(entry or (lambda: exec(request["entry"], {"__name__": "__main__"})))


def _main(fd: int, modules: Sequence[str]) -> None:
    # Ctrl-C is for the test session, whose end ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    package = {one.name for one in pkgutil.walk_packages(aisbench.__path__, "aisbench.")}
    for module in (*modules, *sorted(package - _HEAVY - {"aisbench.__main__"})):
        importlib.import_module(module)
    # A fork that looked for garbage among all that was imported would get a copy of every page of it.
    gc.collect()
    gc.freeze()
    try:
        with socket.socket(fileno=fd) as control:
            _serve(control)
    except _Job as job:
        request = job.request
    else:
        return
    _run(request)


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])
