"""How far the prompts are: a bar on a terminal, lines elsewhere, nothing for quick workloads."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import time

import pytest

from aisbench.live.preparing import Preparing


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_lines_now_and_then_where_nobody_watches(clock: list[float]) -> None:
    said: list[str] = []
    with contextlib.ExitStack() as stack:
        shown = Preparing(stack, said.append, bar=True, file=io.StringIO())
        for done in range(0, 101, 10):
            shown.report(done, 100)
            clock[0] += 0.5
    assert said == ["preparing prompts: 40 of 100", "preparing prompts: 80 of 100"]


def test_a_quick_workload_says_nothing(clock: list[float]) -> None:
    said: list[str] = []
    with contextlib.ExitStack() as stack:
        shown = Preparing(stack, said.append, bar=False, file=io.StringIO())
        shown.report(64, 100)
        shown.report(100, 100)
    assert said == []


def test_a_bar_on_a_terminal_that_is_gone_at_the_end(clock: list[float]) -> None:
    master, slave = pty.openpty()
    said: list[str] = []
    with os.fdopen(slave, "w") as terminal, contextlib.ExitStack() as stack:
        shown = Preparing(stack, said.append, bar=True, file=terminal)
        shown.report(1, 100)
        clock[0] += 1
        shown.report(50, 100)
        shown.report(100, 100)
    seen = everything(master)
    assert "preparing prompts" in seen
    assert "100/100" in seen
    assert said == []


def everything(master: int) -> str:
    """What was written to a terminal that is closed by now; its end is an error here."""
    parts = []
    with contextlib.suppress(OSError):
        while part := os.read(master, 65536):
            parts.append(part)
    os.close(master)
    return b"".join(parts).decode()
