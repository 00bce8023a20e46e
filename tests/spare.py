"""A process that is forked before a command begins and becomes its first worker, which saves most of a worker's start."""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisbench.children import GC_THRESHOLD, child_command

WORKER = "aisbench.engine.crew.worker"
_MOST_BYTES = 1 << 18


class Spare:
    """A child of this process that waits until `take` gives it an environment and its three streams."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self._ours.close()
            _become_worker(theirs)
        theirs.close()

    def take(self, environment: Mapping[str, str], streams: list[int]) -> None:
        with self._ours:
            socket.send_fds(self._ours, [json.dumps(dict(environment)).encode()], streams)


def use_for_first_worker(spare: Spare) -> None:
    """Makes this process's first start of a worker use `spare`."""
    begin = subprocess.Popen._execute_child  # type: ignore[attr-defined]
    command = child_command(WORKER)

    def started(popen: Any, args: Any, *rest: Any) -> None:
        if args != command:
            begin(popen, args, *rest)
            return
        subprocess.Popen._execute_child = begin  # type: ignore[attr-defined]
        env, to_stdin, to_stdout, to_stderr = rest[5], rest[9], rest[12], rest[14]
        spare.take(env, [to_stdin, to_stdout, to_stderr])
        popen.pid = spare.pid
        popen._child_created = True

    subprocess.Popen._execute_child = started  # type: ignore[attr-defined]


def _become_worker(control: socket.socket) -> None:
    message, fds, _, _ = socket.recv_fds(control, _MOST_BYTES, 3)
    if not message:
        # The command has ended without a worker.
        os._exit(0)
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(json.loads(message))
    # As a new interpreter has it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(GC_THRESHOLD)
    # By this name tests find it.
    Path("/proc/self/comm").write_text("worker")
    sys.argv = [WORKER]
    del sys.modules[WORKER]
    code = 1
    try:
        runpy.run_module(WORKER, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException as problem:
        sys.excepthook(type(problem), problem, problem.__traceback__)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
