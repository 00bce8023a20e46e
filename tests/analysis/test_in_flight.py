"""The in-flight step function, what it says of late sends, and its thinning."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisbench.analysis import in_flight as module
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.sending import Sending, arrivals_block
from aisbench.analysis.series import (
    bin_ns,
    error_series,
    in_flight_series,
    peak_per_second,
    per_second,
    thinned,
    token_series,
)
from aisbench.records.run import Run
from tests.analysis.made_runs import (
    MS,
    SECOND,
    START_NS,
    base_config,
    fail,
    made_rows,
    poisson_run,
    write_run,
)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 30)), min_size=1, max_size=15))
def test_against_counting_at_every_moment(tmp_path_factory: pytest.TempPathFactory, spans: list[Any]) -> None:
    rows = made_rows([begin for begin, _ in sorted(spans)], lag_ms=0)
    for row, (begin, length) in zip(rows, sorted(spans), strict=True):
        row["sent_ns"] = START_NS + begin
        row["last_token_ns"] = row["done_ns"] = START_NS + begin + length
    run = Run.load(
        write_run(tmp_path_factory.mktemp("run") / "r", rows, gaps=[np.empty(0, np.int64)] * len(rows))
    )
    found = InFlight.of(run)
    end = max(begin + length for begin, length in spans)
    counts = [sum(b <= t < b + n for b, n in spans) for t in range(end)]
    assert found.mean == pytest.approx(np.mean(counts) if counts else 0.0)
    if counts:
        assert found.peak >= max(counts)
        assert found.mean_within(2, 20) == pytest.approx(np.mean((counts + [0] * 20)[2:20]))
        assert found.share_at(2) == pytest.approx(np.mean(np.array(counts) >= 2))


@pytest.mark.parametrize("warm_up_s", [None, 0.05])
def test_a_lost_request_is_in_flight_until_its_worker_died(tmp_path: Path, warm_up_s: float | None) -> None:
    rows = made_rows(np.arange(6) * 100.0, lag_ms=0, ttft_ms=50, itl_ms=10, tokens=3)
    for name in ("first_token_ns", "last_token_ns", "done_ns"):
        rows[name][0] = 0
    rows["status"][0] = rows["content_events"][0] = 0
    died = {"died": "signal 9", "died_ns": START_NS + 350 * MS}
    folder = write_run(
        tmp_path / "run", rows, workers=2, worker_changes=died, config=base_config(warmup_time_s=warm_up_s)
    )
    run = Run.load(folder)
    edges = START_NS + np.array([300, 349, 371, 600]) * MS - run.start_ns
    assert InFlight.of(run).peaks(edges).tolist() == [2, 2, 1]


def test_a_slot_given_back_and_taken_at_one_instant_is_no_excess(tmp_path: Path) -> None:
    rows = made_rows([0.0, 70.5, 141.0], lag_ms=0, ttft_ms=50, itl_ms=10, tokens=3)
    run = Run.load(write_run(tmp_path / "run", rows))
    assert InFlight.of(run).peak == 1


def test_lost_requests_count_to_the_end(tmp_path: Path) -> None:
    rows = made_rows([0.0, 0.0], lag_ms=0, ttft_ms=[10, 100])
    rows["done_ns"][0] = 0
    rows["status"][0] = 0
    run = Run.load(write_run(tmp_path / "run", rows))
    assert InFlight.of(run).mean == pytest.approx(2.0)


def test_waiting_for_the_limit_is_not_the_clients_own_lag(tmp_path: Path) -> None:
    """Limit 1, three requests planned at once, each 70.5 ms long: the second waits 71 ms for the slot
    and 0.5 ms for the client; the fourth comes into an idle client that is 3 ms late."""
    rows = made_rows([0.0, 0.0, 0.0, 900.0], lag_ms=[0, 71, 142, 3], ttft_ms=50, itl_ms=10, tokens=3)
    config = base_config(rate=10.0, arrival="poisson", concurrency=1)
    run = Run.load(write_run(tmp_path / "run", rows, config=config))
    sending = Sending.of(run, InFlight.of(run))
    assert sending.lag_ms.tolist() == pytest.approx([0, 71, 142, 3])
    assert sending.own_lag_ms.tolist() == pytest.approx([0, 0.5, 0.5, 3])
    assert sending.capped_share == 0.5


def test_arrivals_of_a_poisson_run(tmp_path: Path) -> None:
    run = Run.load(poisson_run(tmp_path / "run", 4000, 250.0))
    block = arrivals_block(run, Sending.of(run, InFlight.of(run)))
    assert block["asked_rate"] == 250.0
    assert block["achieved_rate"] == pytest.approx(250, rel=0.05)
    assert block["gap_cv"] == pytest.approx(1, abs=0.06)
    assert block["dispersion"] == pytest.approx(1, abs=0.3)
    assert block["ks"] is not None
    assert block["ks_limit"] is not None
    assert block["ks"] < block["ks_limit"]


def test_thinning_keeps_every_peak(tmp_path: Path) -> None:
    run = Run.load(poisson_run(tmp_path / "run", 20_000, 400.0))
    exact = InFlight.of(run)
    series = in_flight_series(exact)
    assert len(series.t_s) <= 2_005
    assert series.y.max() == exact.peak
    assert (np.diff(series.t_s) >= 0).all()
    assert series.t_s[-1] == pytest.approx(run.duration_ns / 1e9)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=400), st.integers(4, 40))
def test_extremes_of_any_series_survive(values: list[int], most: int) -> None:
    times, kept = thinned(np.arange(len(values)), np.array(values), most)
    assert (kept.max(), kept.min()) == (max(values), min(values))
    assert (kept[0], kept[-1]) == (values[0], values[-1])
    assert len(kept) <= most
    assert [values[t] for t in times] == kept.tolist()


@given(st.integers(1, 10**15))
def test_bins_are_round_and_few(duration_ns: int) -> None:
    width = bin_ns(duration_ns)
    assert str(width).rstrip("0") in ("1", "2", "5")
    assert width >= 50 * MS
    assert duration_ns / width <= 300


def test_rates_sum_to_the_events(tmp_path: Path) -> None:
    moments = np.array([0, 10, 99, 100, 260]) * MS
    series = per_second(moments, 270 * MS, 100 * MS)
    assert series.y.tolist() == pytest.approx([30, 2 / 0.17])
    rows = made_rows([0.0, 300.0, 600.0], lag_ms=0, ttft_ms=10, itl_ms=20, tokens=8)
    fail(rows, 1, "timeout")
    run = Run.load(write_run(tmp_path / "run", rows))
    tokens = token_series(run, 50 * MS)
    lengths = np.append(np.diff(tokens.t_s), max(run.duration_ns / 1e9 - tokens.t_s[-1], 0.01))
    assert (tokens.y * lengths).sum() == pytest.approx(16)
    errors = error_series(run, 50 * MS)
    assert list(errors) == ["timeout"]
    assert errors["timeout"].t_s[np.argmax(errors["timeout"].y)] == pytest.approx(0.45)


def test_peak_per_second_takes_whole_seconds() -> None:
    flow = np.zeros(250, np.int64)
    flow[[0, 99, 100, 101, 240]] = [3, 4, 5, 1, 9]
    assert peak_per_second(flow) == 9
    assert peak_per_second(flow[:200]) == 7
    assert peak_per_second(np.zeros(0, np.int64)) == 0
    assert SECOND == 100 * 10 * MS


def test_peaks_between_edges(tmp_path: Path) -> None:
    folder = poisson_run(tmp_path / "run", 300, 200.0)
    in_flight = InFlight.of(Run.load(folder))
    edges = np.arange(0, in_flight.end_ns, 37_000_000)
    for (begin, end), peak in zip(itertools.pairwise(edges), in_flight.peaks(edges), strict=True):
        inside = (in_flight.times_ns > begin) & (in_flight.times_ns < end)
        held = in_flight.counts[in_flight.times_ns <= begin][-1]
        assert peak == max(held, *in_flight.counts[inside], 0)


def sessions(folder: Path, slots: str) -> Run:
    """Session 0 asks one turn, then two beside each other, then one after a pause; session 1 asks one all the time."""
    rows = made_rows([0, 100, 120, 300, 0], lag_ms=0)
    rows["conversation"], rows["turn"] = [0, 0, 0, 0, 1], [0, 1, 2, 3, 0]
    rows["done_ns"] = rows["sent_ns"] + np.array([100, 100, 100, 50, 350]) * MS
    return Run.load(write_run(folder, rows, config={"slots": slots}, conversations=2, branching=True))


def counts_at(in_flight: InFlight, moments_ms: list[int]) -> list[int]:
    at = np.array(moments_ms) * MS
    found: list[int] = in_flight.counts[np.searchsorted(in_flight.times_ns, at, side="right") - 1].tolist()
    return found


def test_a_session_keeps_a_slot_and_takes_more_for_its_branches(tmp_path: Path) -> None:
    run, moments = sessions(tmp_path, "users"), [50, 110, 150, 210, 250, 320]
    assert counts_at(InFlight.of(run), moments) == [2, 2, 3, 2, 1, 2]
    assert counts_at(InFlight.held(run), moments) == [2, 2, 3, 2, 2, 2]


def test_a_session_that_lends_its_slot_holds_none_while_it_thinks(tmp_path: Path) -> None:
    assert counts_at(InFlight.held(sessions(tmp_path, "requests")), [50, 150, 250, 320]) == [2, 3, 1, 2]


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_figures_of_blocks_are_those_of_the_whole(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans on few moments, so that many begin and end at once."""
    monkeypatch.setattr(module, "_BLOCK", block)
    rng = np.random.default_rng(block)
    sent = rng.integers(0, 40, 60) * MS
    done = sent + rng.integers(0, 9, 60) * MS
    found, end_ns = InFlight.of_spans(sent.copy(), done.copy(), 50 * MS), 50 * MS
    moments = np.append(done, sent)
    order = np.argsort(moments, kind="stable")
    counts = np.append(0, np.cumsum(np.where(order < 60, -1, 1)))
    assert found.times_ns.tolist() == [0, *moments[order]]
    assert found.counts.tolist() == counts.tolist()
    lengths = np.diff(np.append(found.times_ns, end_ns))
    assert found.share_at(5) == lengths[counts >= 5].sum() / end_ns
    assert found.mean == (counts * lengths).sum() / end_ns
    edges = np.array([0.0, 0.3, 5.0, 5.5, 20.0, 49.0, 50.0]) * MS
    area = np.append(0.0, np.cumsum(counts * lengths))
    expected = np.diff(np.interp(edges, np.append(found.times_ns, end_ns), area)) / np.diff(edges)
    assert found.means(edges).tolist() == expected.tolist()
    assert found.mean_within(int(edges[1]), int(edges[3])) == pytest.approx(expected[1:3] @ [4.7, 0.5] / 5.2)
