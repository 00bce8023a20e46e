"""The coordinator's own requests to a server that does not answer them, when the user asks to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.engine.asked import Asked
from aisbench.engine.beside import Beside
from aisbench.engine.interrupts import Interrupts
from aisbench.engine.target.discovery import Model
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from tests.system.scripted import Asked as Request
from tests.system.scripted import Reply, scripted
from tests.waiting import wait_until


@contextmanager
def interrupted_at(held: str, config: RunConfig) -> Iterator[tuple[Beside, list[Request], threading.Event]]:
    """Yields the requests beside a run, of which a server holds those to the path `held`: it signals this process instead.

    The event is set when the server has given up holding one.
    """
    over, gave_up = threading.Event(), threading.Event()

    def reply(asked: Request) -> Reply:
        if asked.path == held:
            os.kill(os.getpid(), signal.SIGINT)
            if not over.wait(20.0):
                gave_up.set()
        return Reply(b"", {})

    transport = Transport.of(config)
    interrupts = Interrupts()
    with scripted(reply) as (url, requests), interrupts.caught():
        targets = [resolve(url, transport)]
        asked = Asked(
            config, backend_named("openai"), 1, {}, transport, targets, Model("m", None), 100, False, []
        )
        try:
            yield Beside(asked, interrupts), requests, gave_up
        finally:
            over.set()


def test_emptying_the_caches_is_not_waited_for() -> None:
    with interrupted_at("/reset_prefix_cache", RunConfig(reset_prefix_cache=True)) as (beside, _, gave_up):
        notes = beside.empty_caches()
        assert not gave_up.is_set()
    assert notes == ["--reset-prefix-cache: not emptied: a server had not answered when the run was stopped"]
    assert f"--reset-prefix-cache: {beside.facts['prefix_cache_reset']}" == notes[0]


def test_a_profiler_that_does_not_start_is_not_waited_for_nor_stopped() -> None:
    config = RunConfig(profile=True, probe_rate=10.0)
    with interrupted_at("/start_profile", config) as (beside, requests, gave_up):
        (note,) = beside.begin()
        assert beside.end() == [], "no probes were begun either"
        assert not gave_up.is_set()
    assert "/start_profile had not answered when the run was stopped; the server may go on profiling" in note
    assert [one.path for one in requests] == ["/start_profile"]


def test_a_profiler_that_does_not_stop_is_not_waited_for() -> None:
    with interrupted_at("/stop_profile", RunConfig(profile=True)) as (beside, requests, gave_up):
        assert beside.begin() == []
        # What ended the run does not keep the profiler from being stopped.
        beside.interrupts.count = 1
        (note,) = beside.end()
        assert not gave_up.is_set()
    assert "/stop_profile had not answered when the run was stopped; the server may go on profiling" in note
    assert [one.path for one in requests] == ["/start_profile", "/stop_profile"]


@pytest.mark.parametrize("before", [0, 1])
def test_a_probe_under_way_is_not_waited_for(before: int) -> None:
    with interrupted_at("/v1/completions", RunConfig(probe_rate=10.0)) as (beside, requests, gave_up):
        beside.begin()
        wait_until(lambda: beside.interrupts.count)
        # One wish to stop lets it finish, as it does requests; another one comes while it is waited for.
        beside.interrupts.count = before
        probes = beside.probes
        assert probes is not None

        def ask_again() -> None:
            wait_until(probes.stop.is_set)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=ask_again).start()
        assert beside.end()[0].startswith("0 probes were sent beside the load")
        assert not gave_up.is_set()
    assert beside.facts["probes"] == {"took_s": [], "failed": 0}
    assert len(requests) == 1
