"""The server in real time: what it says happened, and that it is as fast as its parameters."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import Any

import pytest

from aisbench.simulator.process import SimulatorProcess, start_simulator
from tests.simulator.client import COMPLETIONS, chat, connected, raw_request, read_until
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("timing")

STEP_MS = 5.0
STEPS = ["--decode-base-ms", str(STEP_MS), "--decode-per-seq-us", "0", "--prefill-us-per-token", "0"]


def in_parallel(simulator: SimulatorProcess, clients: int, tokens: int) -> None:
    threads = [threading.Thread(target=chat, args=(simulator.port, 1, tokens)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_truth_has_the_times_of_the_model() -> None:
    with start_simulator(STEPS) as simulator:
        began = time.monotonic()
        in_parallel(simulator, clients=20, tokens=40)
        took_ms = (time.monotonic() - began) * 1e3
        truth = simulator.truth()
    assert truth["done"] == 20
    assert truth["tokens"] == 20 * 40
    assert truth["itl"]["n"] == 20 * 39
    # The machine may be noisy, but no token leaves before its time.
    assert truth["ttft"]["mean_ms"] >= STEP_MS
    assert took_ms >= 40 * STEP_MS
    assert 0.5 * STEP_MS < truth["itl"]["mean_ms"] < 2 * STEP_MS


def test_slots_make_requests_queue() -> None:
    with start_simulator([*STEPS, "--max-num-seqs", "4"]) as simulator, contextlib.ExitStack() as stack:
        # Sent while the server stands still, so that they all arrive at once.
        os.kill(simulator.pid, signal.SIGSTOP)
        clients = [stack.enter_context(connected(simulator.port)) for _ in range(12)]
        for client in clients:
            client.sendall(raw_request(COMPLETIONS, {"prompt": "a", "max_tokens": 10, "stream": True}))
        os.kill(simulator.pid, signal.SIGCONT)
        for client in clients:
            read_until(client, b"[DONE]")
        truth = simulator.truth()
    assert truth["peak_concurrency"] == 12
    # Three rounds of ten steps (the first begins with one alone): 4 wait for none or one, 4 for 10, 4 for 20.
    assert truth["queue"]["max_ms"] >= 18 * STEP_MS
    assert truth["queue"]["mean_ms"] >= 9 * STEP_MS
    assert truth["ttft"]["max_ms"] >= truth["queue"]["max_ms"] + 0.9 * STEP_MS


def stop_for(simulator: SimulatorProcess, tokens: int, pause_s: float) -> dict[str, Any]:
    """Stops the whole process in the middle of an answer; returns the truth."""
    with connected(simulator.port) as client:
        client.sendall(raw_request(COMPLETIONS, {"prompt": "a", "max_tokens": tokens, "stream": True}))
        read_until(client, b"data: ", 10)
        os.kill(simulator.pid, signal.SIGSTOP)
        end_s = time.monotonic() + pause_s
        wait_until(lambda: time.monotonic() >= end_s)
        os.kill(simulator.pid, signal.SIGCONT)
        read_until(client, b"[DONE]")
    return simulator.truth()


def test_a_server_that_was_held_up_catches_up_and_counts_it() -> None:
    with start_simulator(STEPS) as simulator:
        truth = stop_for(simulator, tokens=150, pause_s=0.4)
    assert truth["late"]["max_ms"] > 350
    if truth["given_up_ms"] == 0:
        # 150 steps of 5 ms: the pause is made up for, else the mean would be 7.7.
        assert truth["itl"]["mean_ms"] < 7.0


def test_a_server_that_was_held_up_for_long_goes_on_from_now() -> None:
    with start_simulator(STEPS) as simulator:
        truth = stop_for(simulator, tokens=50, pause_s=1.3)
    assert truth["given_up_ms"] > 1000
    # The steps after the pause keep their length: 49 of 5 ms, and the pause.
    assert truth["itl"]["mean_ms"] * 49 >= 1300 + 30 * STEP_MS


def test_reset_begins_anew_and_keeps_who_is_active() -> None:
    with start_simulator(["--decode-base-ms", "20"]) as simulator, connected(simulator.port) as client:
        chat(simulator.port)
        client.sendall(raw_request(COMPLETIONS, {"prompt": "a", "max_tokens": 20_000, "stream": True}))
        read_until(client, b"data: ")
        simulator.reset()
        truth = simulator.truth()
        assert (truth["requests"], truth["done"], truth["ttft"]["n"]) == (0, 0, 0)
        assert truth["active"] == truth["peak_concurrency"] == 1
