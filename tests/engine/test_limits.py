from __future__ import annotations

import resource

import pytest

from aisbench.engine import limits
from aisbench.errors import BadInput, CannotRun
from aisbench.workload.arrivals.steady import Steady


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        assert limits.raise_open_files(1000, 1) == hard
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_hard_limit_that_is_too_low_is_said_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    with pytest.raises(BadInput, match=r"--concurrency needs 2064 open files .* --concurrency 1920 at most"):
        limits.raise_open_files(2000, 2)
    assert limits.raise_open_files(900, 1) == 1024


@pytest.mark.parametrize("connections", [None, 1, 100])
def test_advice_that_works_where_there_is_no_room_for_one_connection(
    monkeypatch: pytest.MonkeyPatch, connections: int | None
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    with pytest.raises(CannotRun, match=r"allows 64 open files.*ulimit -n 4096"):
        limits.raise_open_files(connections, 1)


def test_workers_follow_the_streams_and_the_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "cpus", lambda: 4)
    assert limits.default_workers(512, None) == 1
    assert limits.default_workers(2048, None) == 2
    assert limits.default_workers(100_000, None) == 4
    assert limits.default_workers(None, Steady(15_000.0)) == 3
