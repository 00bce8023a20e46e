"""The process that compares expressions."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator

import pytest

from aisbench.accuracy.answers import equality

# What select.select can wait for.
_SELECTABLE = 1024


@pytest.fixture
def _many_open_files() -> Iterator[None]:
    """Descriptors from 1,024 on are the only free ones."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * _SELECTABLE:
        pytest.skip(f"a process may have only {hard} files open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * _SELECTABLE), hard))
    taken: list[int] = []
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        while not taken or taken[-1] < _SELECTABLE:
            taken.append(os.dup(0))
            stack.callback(os.close, taken[-1])
        yield


@pytest.mark.usefixtures("_many_open_files")
def test_it_answers_a_process_with_many_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    # One that finds everything equal is started faster than the real one.
    yes = ["sh", "-c", "echo ready; while read -r line; do echo true; done"]
    monkeypatch.setattr(equality, "_checker", None)
    monkeypatch.setattr(equality, "child_command", lambda module, limit: yes)
    try:
        assert equality.equal_expressions("1/2", "0.5") is True
    finally:
        equality._stop()
