"""Runs a program that a model wrote in a confined process, with limits on time, memory and files."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aisbench.errors import CannotRun

_CONFINED = Path(__file__).with_name("confined.py")
# The whole environment of the process. Hashes are fixed so that a program gives the same result each time. Threads of a
# linear algebra library would exceed the memory limit.
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Limits:
    """Limits of a program. `memory_bytes`: address space, with the interpreter; `file_bytes`: the largest file."""

    wall_s: float = 10.0
    cpu_s: int = 10
    memory_bytes: int = 1 << 30
    file_bytes: int = 1 << 24


def problem_of(program: str, limits: Limits | None = None) -> str | None:
    """Runs `program` in a confined process. Returns why it did not run to its end, or None if it did.

    A program that exits early, even with code 0, did not run to its end. Its output is discarded. Raises CannotRun if
    this system cannot confine a process.
    """
    limits = limits or Limits()
    token = secrets.token_hex(16)
    asked = {"program": program, "token": token, **vars(limits)}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, tempfile.TemporaryFile() as given:
        given.write(json.dumps(asked).encode())
        given.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-B", _CONFINED],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_ENVIRONMENT | {"HOME": folder, "TMPDIR": folder},
            start_new_session=True,
        )
        try:
            process.wait(limits.wall_s)
        except subprocess.TimeoutExpired:
            return f"it ran longer than {limits.wall_s:g} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            # A pipe holds 64 KiB; a process that writes more blocks until its time is up.
            said = os.read(process.stdout.fileno(), 1 << 16)
            process.stdout.close()
    return _problem_said(said, process.returncode, token)


def _problem_said(said: bytes, code: int, token: str) -> str | None:
    try:
        result = json.loads(said)
    except ValueError:
        ending = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"it {ending} before the tests did"
    if "unconfined" in result:
        raise CannotRun(
            f"code cannot be confined on this system, so none is run: {result['unconfined']}; "
            "use Linux with seccomp on x86_64 or aarch64"
        )
    return None if result.get("token") == token else str(result.get("problem", "it gave no result"))
