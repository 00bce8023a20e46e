"""Workloads with a known share of hits, against the cache of a server that counts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.simulators import start_simulator
from tests.system.running import Finished, run_load

# One at a time: of requests that run beside each other, the server may cache the second's prefix too late.
QUIET = ("--concurrency", 1, "--no-progress", "--output-len", 2, "--num-requests", 60)
GROUPS = ("--dataset", "prefix-repetition", "--num-prefixes", 4, "--input-len", 200)


@pytest.fixture(scope="module")
def caching() -> Iterator[SimulatorProcess]:
    flags = ["--prefix-cache-tokens", "1000000", "--decode-base-ms", "0.5", "--prefill-us-per-token", "1"]
    with start_simulator(flags) as simulator:
        yield simulator


def measured(folder: Path, server: SimulatorProcess, *args: object) -> Finished:
    server.reset()
    run = run_load(folder, "--url", server.url, "--reset-prefix-cache", *QUIET, *args)
    assert run.code == 0, run.err
    assert "was emptied" in run.summary["prefix_cache"]["reset"]
    return run


def note_of(run: Finished, word: str) -> str:
    (note,) = [note for note in run.summary["notes"] if word in note]
    return str(note)


def test_the_server_finds_the_share_that_is_asked_for(tmp_path: Path, caching: SimulatorProcess) -> None:
    asked = ("--prefix-hit-rate", 0.7, "--prefix-popularity", "zipf:1", "--prefix-order", "interleaved")
    run = measured(tmp_path, caching, *GROUPS, *asked)
    cache: dict[str, Any] = run.summary["prefix_cache"]
    assert cache["request_share"] == pytest.approx(0.7, abs=0.002)
    assert f"finds {100 * cache['request_share']:.2f}% of the 12,000 prompt tokens" in note_of(run, "endless")
    assert note_of(run, "endless") in run.err


def test_prefixes_that_were_filled_before_are_found_from_the_first_request(
    tmp_path: Path, caching: SimulatorProcess
) -> None:
    run = measured(tmp_path, caching, *GROUPS, "--prefix-hit-rate", 0.88, "--fill-prefixes", "--workers", 2)
    assert run.summary["completed"] == run.summary["requests"]["planned"] == 60
    cache = run.summary["prefix_cache"]
    # Not to be reached without: four of sixty prompts would find nothing.
    assert cache["request_share"] == pytest.approx(0.88, abs=0.002)
    assert cache["unexplained_share"] < 0.05
    assert "4 requests before the run, one for each prefix" in note_of(run, "fill")
    # The server has answered those, too.
    assert caching.truth()["requests"] == 64


def test_warm_and_cold_random_prompts(tmp_path: Path, caching: SimulatorProcess) -> None:
    warm = ("--random-cache-hit-fraction", 0.5, "--random-cache-ratio", 0.8)
    run = measured(tmp_path, caching, "--input-len", 200, *warm)
    share = run.summary["prefix_cache"]["request_share"]
    assert 0.2 < share < 0.6
    assert f"finds {100 * share:.2f}% of the 12,000 prompt tokens" in note_of(run, "endless")


def test_a_fill_that_fails_is_said(tmp_path: Path) -> None:
    with start_simulator(["--decode-base-ms", "0.5", "--max-model-len", "150"]) as small:
        run = run_load(
            tmp_path, "--url", small.url, *QUIET, *GROUPS, "--prefix-hit-rate", 0.9, "--fill-prefixes"
        )
    assert "4 warm-up requests before the run failed, so caches" in note_of(run, "before the run failed")
