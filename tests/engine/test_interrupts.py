"""Signals that ask a command to end."""

from __future__ import annotations

import subprocess
import sys

import pytest

_DYING = """
import os, signal, sys, threading, weakref
from aisbench.engine.interrupts import interrupt_when_ended

class Thing:
    def __del__(self):
        if sys.argv[1] == "__del__":
            os.kill(os.getpid(), int(sys.argv[2]))
            len("a signal is handled before this call")

def asked(_):
    os.kill(os.getpid(), int(sys.argv[2]))
    len("a signal is handled before this call")

interrupt_when_ended()
thing = Thing()
if sys.argv[1] == "weakref":
    watched = weakref.ref(thing, asked)
try:
    del thing
    threading.Event().wait(20)
    print("lost")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("place", ["weakref", "__del__"])
@pytest.mark.parametrize("number", ["2", "15"])
def test_an_interrupt_where_python_drops_exceptions_comes_again(place: str, number: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DYING, place, number], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted\n", "", 0)


def test_other_dropped_exceptions_are_still_shown() -> None:
    script = """
from aisbench.engine.interrupts import interrupt_when_ended

class Thing:
    def __del__(self):
        raise ValueError("told")

interrupt_when_ended()
del [Thing()][0]
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert "ValueError: told" in done.stderr
