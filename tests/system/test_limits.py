"""Limits beside the number of requests in flight, against the simulator's own counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aisbench._native.memory.shared import LIVE_FIELDS, Slots
from aisbench._native.os.clock import now_ns
from aisbench.analysis.in_flight import InFlight
from aisbench.config.run_config import RunConfig
from aisbench.engine.failures import too_many_failed
from aisbench.engine.limits import RisingLimit
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.simulators import start_simulator
from tests.system.running import run_load

pytestmark = pytest.mark.xdist_group("slots")


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorProcess]:
    with start_simulator(["--decode-base-ms", "4", "--prefill-us-per-token", "200"]) as simulator:
        yield simulator


SHORT = ("--input-len", 20, "--output-len", 12, "--no-progress")


@pytest.mark.parametrize("workers", [2, 4])
def test_no_more_requests_than_allowed_wait_for_their_first_token(
    tmp_path: Path, server: SimulatorProcess, workers: int
) -> None:
    server.reset()
    limits = ("--concurrency", 12, "--prefill-concurrency", 2, "--workers", workers, "--num-requests", 120)
    run = run_load(tmp_path, "--url", server.url, *limits, *SHORT)
    assert run.code == 0, run.err
    rows = Run.load(run.folder)
    assert run.summary["completed"] == 120
    assert server.truth()["peak_concurrency"] <= 12
    assert InFlight.prefilling(rows).peak == 2
    assert InFlight.of(rows).peak > 2


def test_the_client_and_the_server_count_the_same_aborts(tmp_path: Path, server: SimulatorProcess) -> None:
    server.reset()
    # The server is far from done when it hears of a cancellation, even of a client that waited for a CPU.
    aborts = ("--cancel-rate", 0.3, "--cancel-after", "4tok", "--output-len", 80, "--seed", 7, "--workers", 2)
    run = run_load(tmp_path, "--url", server.url, *SHORT, *aborts, "--concurrency", 25, "--num-requests", 100)
    assert run.code == 0, run.err
    requests = run.summary["requests"]
    aborted = requests["aborted"]
    assert 15 <= aborted <= 45
    assert requests["completed"] == 100 - aborted == server.truth()["done"]
    assert (requests["failed"], requests["cancelled"], requests["not_sent"]) == (0, 0, 0)
    assert run.summary["server"]["aborted"] == aborted
    assert f"{aborted} cancelled by the client" in run.out
    note = f"{aborted} requests were cancelled by the client, as --cancel-rate asks; the server counted {aborted} "
    assert any(said.startswith(note) for said in run.summary["verdict"]["notes"])
    assert run.summary["metrics"]["e2el_ms"]["count"] == 100 - aborted


def test_the_limit_rises(tmp_path: Path, server: SimulatorProcess) -> None:
    server.reset()
    limits = (
        "--concurrency",
        9,
        "--concurrency-ramp",
        "1s",
        "--workers",
        2,
        "--duration",
        1.5,
        "--warmup",
        4,
    )
    run = run_load(tmp_path, "--url", server.url, *limits, *SHORT)
    assert run.code == 0, run.err
    assert server.truth()["peak_concurrency"] <= 9
    rows = Run.load(run.folder)
    in_flight, second = InFlight.of(rows), 1_000_000_000
    # One more every 125 ms, the second after 125 ms, never earlier.
    edges = (np.arange(9) * second // 8).astype(np.int64)
    peaks = in_flight.peaks(edges)
    assert (peaks <= np.arange(1, 9)).all()
    assert in_flight.peak == 9


def test_slots_are_given_when_they_are_due() -> None:
    slots = Slots(count=5)
    rising = RisingLimit(slots, 5, 4.0)
    rising.hold_back()
    assert (slots.take(), slots.take()) == (True, False)
    assert 0 < rising.rise(now_ns() - 2_500_000_000, 60.0) <= 0.5
    assert (slots.take(), slots.take(), slots.take()) == (True, True, False)
    assert rising.rise(now_ns() - 9_000_000_000, 0.1) == 0.1
    assert (slots.take(), slots.take(), slots.take()) == (True, True, False)
    one = RisingLimit(Slots(count=1), 1, 4.0)
    one.hold_back()
    assert one.rise(now_ns(), 0.1) == 0.1
    assert RisingLimit.of(None, slots) is None


def test_too_many_failures_end_the_run(tmp_path: Path) -> None:
    with start_simulator(["--decode-base-ms", "4", "--fault", "http-500:0.5"]) as broken:
        limits = ("--max-error-rate", 0.2, "--concurrency", 4, "--num-requests", 5000)
        run = run_load(tmp_path, "--url", broken.url, *limits, *SHORT)
    assert run.code == 1
    assert run.summary["outcome"] == "failed"
    assert "more than --max-error-rate 0.2 allows" in run.summary["outcome_reason"]
    assert run.summary["requests"]["not_sent"] > 3000


@pytest.mark.parametrize(
    ("ok", "failed", "stops"), [(0, 19, False), (10, 10, False), (9, 11, True), (1000, 900, False)]
)
def test_failures_are_judged_from_twenty_requests_on(ok: int, failed: int, stops: bool) -> None:
    live = np.zeros(2, np.dtype(LIVE_FIELDS))
    live["ok"][0], live["failed"][1] = ok, failed
    assert (too_many_failed(live, 0.5) is not None) == stops
    assert too_many_failed(live, None) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cancel_rate": 0.5}, "go together"),
        ({"cancel_after": "2s"}, "go together"),
        (
            {"cancel_rate": 0.5, "cancel_after": "soon"},
            "such as 2s or 500ms, or tokens such as 16tok, got 'soon'",
        ),
        ({"cancel_rate": 0.5, "cancel_after": "0tok"}, "such as 16tok"),
        ({"cancel_rate": 0.5, "cancel_after": "0s"}, "such as 2s"),
        ({"cancel_rate": 1.5, "cancel_after": "2s"}, "--cancel-rate must be a share"),
        ({"cancel_rate": 0.5, "cancel_after": "3tok", "stream": False}, "needs streamed answers"),
        ({"max_error_rate": 0.0}, "--max-error-rate must be a share"),
        ({"prefill_concurrency": 0}, "--prefill-concurrency must be a whole number"),
        ({"concurrency_ramp_s": 5.0}, "give --concurrency"),
        ({"slots": "people"}, "--slots: unknown 'people'"),
    ],
)
def test_limits_that_cannot_be_used_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        RunConfig(**options).check()  # type: ignore[arg-type]


def test_a_cancellation_is_after_a_time_or_a_number_of_tokens() -> None:
    def after(text: str) -> tuple[float | None, int | None]:
        return RunConfig(cancel_rate=0.1, cancel_after=text).aborts_after()

    assert [after(text) for text in ("2s", "500ms", "3", "16tok", "16 tokens")] == [
        (2.0, None),
        (0.5, None),
        (3.0, None),
        (None, 16),
        (None, 16),
    ]
