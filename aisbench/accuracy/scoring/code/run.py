"""Running a program that a model wrote, confined, within limits of time, memory and output."""

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
# All that the process may know of this one's environment. Hashes are fixed, so that a program gives the same result
# each time; threads of a linear algebra library would need memory.
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Limits:
    """`wall_s`, `cpu_s`: seconds. `memory_bytes`: address space, the interpreter included. `file_bytes`: the largest file."""

    wall_s: float = 10.0
    cpu_s: int = 10
    memory_bytes: int = 1 << 30
    file_bytes: int = 1 << 24


def problem_of(program: str, limits: Limits | None = None) -> str | None:
    """Runs `program` in a process of its own; why it did not run to its end, or None if it did.

    A program that ends early, even with exit code 0, did not run to its end. What it prints is thrown away.
    Raises CannotRun where this system cannot confine a process.
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
            # A pipe holds 64 KiB; a process that writes more waits there until its time is up.
            said = os.read(process.stdout.fileno(), 1 << 16)
            process.stdout.close()
    return _problem_said(said, process.returncode, token)


def _problem_said(said: bytes, code: int, token: str) -> str | None:
    try:
        result = json.loads(said)
    except ValueError:
        ending = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"it {ending} before the tests did"
    if "unconfined" in result:
        raise CannotRun(
            f"code cannot be confined on this system, so none is run: {result['unconfined']}; "
            "it needs Linux with seccomp on x86_64 or aarch64"
        )
    return None if result.get("token") == token else str(result.get("problem", "it gave no result"))
