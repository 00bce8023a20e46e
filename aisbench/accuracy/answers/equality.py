"""Compares mathematical expressions, within a limit of CPU time."""

from __future__ import annotations

import atexit
import importlib.util
import json
import select
import subprocess
import threading

from aisbench.children import child_command, child_environment
from aisbench.errors import BadInput
from aisbench.extras import install_command

# Longer expressions are not answers, and would take sympy seconds.
LONGEST = 400
# For one pair. Some comparisons never end.
_CPU_SECONDS = 1.5
# The process limits its own CPU time, so that a busy machine does not change scores. These are for one that hangs.
_SECONDS, _START_SECONDS = 60.0, 60.0
_lock = threading.Lock()
_checker: subprocess.Popen[str] | None = None


def require() -> None:
    """Raises BadInput, with the command that installs math-verify, if it is missing."""
    if importlib.util.find_spec("math_verify") is None:
        raise BadInput(
            f"mathematical answers are compared by math-verify, which is not installed: {install_command('accuracy', 'math-verify')}"
        )


def equal_expressions(gold: str, answer: str) -> bool | None:
    """Whether math-verify finds two expressions equal; None if that took too much CPU time or crashed its process."""
    if max(len(gold), len(answer)) > LONGEST:
        return False
    with _lock:
        process = _running()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps([gold, answer]) + "\n")
            process.stdin.flush()
            said = _line(process, _SECONDS)
        except BrokenPipeError:
            said = None
        if said is None:
            _stop()
            return None
        return said == "true"


def _running() -> subprocess.Popen[str]:
    global _checker
    if _checker is None or _checker.poll() is not None:
        _stop()
        _checker = subprocess.Popen(
            child_command("aisbench.accuracy.answers.checker", str(_CPU_SECONDS)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=child_environment(),
        )
        if _line(_checker, _START_SECONDS) is None:
            _stop()
            raise BadInput("math-verify does not start; try python -c 'import math_verify'")
    return _checker


def _line(process: subprocess.Popen[str], seconds: float) -> str | None:
    """The next line of the process; None if there is none within `seconds`."""
    assert process.stdout is not None
    # Not select.select, which fails for a descriptor of 1,024 or more.
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    if not poll.poll(seconds * 1e3):
        return None
    return process.stdout.readline().strip() or None


@atexit.register
def _stop() -> None:
    global _checker
    if _checker is not None:
        _checker.kill()
        _checker.communicate()
        _checker = None
