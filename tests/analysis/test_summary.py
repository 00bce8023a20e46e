"""summary.json against figures worked out by hand and by a slow oracle in plain Python."""

import json
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from tests.analysis.made_runs import base_config, fail, made_rows, poisson_run, write_run
from tests.analysis.summaries import summarise


def summary_of(folder: Path) -> dict[str, Any]:
    return summarise(Measured(Run.load(folder)))


def test_three_requests_by_hand(tmp_path: Path) -> None:
    rows = made_rows(
        [0.0, 100.0, 200.0], lag_ms=1.0, ttft_ms=[50, 60, 100], itl_ms=[10, 20, 5], tokens=[11, 6, 1]
    )
    summary = summary_of(write_run(tmp_path / "run", rows, config=base_config(rate=10.0, arrival="constant")))
    ttft, tpot, e2el = (summary["metrics"][f"{name}_ms"] for name in ("ttft", "tpot", "e2el"))
    assert ttft["mean"] == pytest.approx(70.0)
    assert ttft["median"] == ttft["p50"] == pytest.approx(60.0)
    assert ttft["std"] == pytest.approx(math.sqrt((20**2 + 10**2 + 30**2) / 3)), "population"
    assert ttft["p99"] == pytest.approx(60 + 40 * 0.98), "linear between the two nearest"
    assert (tpot["count"], tpot["mean"]) == (2, pytest.approx(15.0)), (
        "one token has no time per further token"
    )
    assert [e2el["min"], e2el["max"]] == pytest.approx([100.0, 160.0])
    # Start to the last response's end: 101 + 160 + 0.5 ms and 201 + 100 + 0.5 ms.
    assert summary["duration"] == pytest.approx(0.3015)
    assert summary["request_throughput"] == pytest.approx(3 / 0.3015)
    assert summary["output_throughput"] == pytest.approx(18 / 0.3015)
    assert summary["total_token_throughput"] == pytest.approx(318 / 0.3015)
    assert summary["from_plan"]["ttft_ms"]["mean"] == pytest.approx(71.0)
    assert summary["from_plan"]["e2el_ms"]["max"] == pytest.approx(161.0)
    assert summary["client"]["ttft_bounds_ms"] == pytest.approx([69.98, 70.0])
    assert summary["client"]["ttft_user_ms"]["mean"] == pytest.approx(70.3)
    assert summary["per_user"]["decode_tokens_per_s"]["max"] == pytest.approx(100.0)
    assert summary["in_flight"]["peak"] == 2
    # 150.5 + 160.5 + 100.5 ms of requests in 301.5 ms.
    assert summary["in_flight"]["mean"] == pytest.approx(411.5 / 301.5)


request_lists = st.lists(
    st.tuples(
        st.floats(0, 3000),
        st.floats(0.1, 400),
        st.floats(0.1, 50),
        st.integers(1, 9),
        st.booleans(),
        st.integers(-1, 12),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=40)
@given(request_lists, st.sampled_from([75.0, 99.0, 99.9]))
def test_against_a_slow_oracle(
    tmp_path_factory: pytest.TempPathFactory, found: list[Any], percent: float
) -> None:
    found = sorted(found)
    planned, ttfts, itls, tokens, oks, usages = map(list, zip(*found, strict=True))
    rows = made_rows(planned, ttft_ms=ttfts, itl_ms=itls, tokens=tokens)
    rows["output_tokens"] = usages
    fail(rows, [i for i, ok in enumerate(oks) if not ok], "timeout")
    goodput = {"ttft": 150.0, "tpot": 25.0}
    config = base_config(goodput=goodput, percentiles=[percent], percentile_metrics=["ttft", "e2el"])
    summary = summary_of(write_run(tmp_path_factory.mktemp("run") / "r", rows, config=config))

    ttft_ms, e2el_ms, tpot_ms, good, output = [], [], [], 0, 0
    for row in rows:
        if row["status"] != 1:
            continue
        ttft_ms.append((int(row["first_token_ns"]) - int(row["sent_ns"])) / 1e6)
        e2el_ms.append((int(row["last_token_ns"]) - int(row["sent_ns"])) / 1e6)
        usage, events = int(row["output_tokens"]), int(row["content_events"])
        count = usage if usage > 0 and events - usage <= 3 else events
        output += count
        measured = count > 1 and row["last_token_ns"] > row["first_token_ns"]
        if measured:
            # Whole ns: the difference of two latencies in ms would round at the bound.
            tpot_ms.append((int(row["last_token_ns"]) - int(row["first_token_ns"])) / 1e6 / (count - 1))
        good += ttft_ms[-1] <= 150 and (count == 1 or (measured and tpot_ms[-1] <= 25))
    assert summary["completed"] == len(ttft_ms)
    assert summary["failed"] == len(found) - len(ttft_ms)
    assert summary["total_output_tokens"] == output
    assert summary["request_goodput"] == pytest.approx(good / summary["duration"])
    for name, values in (("ttft", ttft_ms), ("e2el", e2el_ms)):
        key = f"p{percent:g}_{name}_ms"
        if not values:
            assert all(summary[of] is None for of in (f"mean_{name}_ms", f"std_{name}_ms", key))
            continue
        assert summary[f"mean_{name}_ms"] == pytest.approx(statistics.fmean(values))
        assert summary[f"std_{name}_ms"] == pytest.approx(statistics.pstdev(values), abs=1e-6)
        assert summary[f"median_{name}_ms"] == pytest.approx(statistics.median(values))
        assert summary[key] == pytest.approx(slow_percentile(values, percent))
    mean = summary["metrics"]["tpot_ms"]["mean"]
    assert mean == (pytest.approx(statistics.fmean(tpot_ms)) if tpot_ms else None)


def slow_percentile(values: list[float], percent: float) -> float:
    ordered, rank = sorted(values), percent / 100 * (len(values) - 1)
    low = ordered[math.floor(rank)]
    return low + (ordered[math.ceil(rank)] - low) * (rank - math.floor(rank))


def test_output_tokens_say_what_counted_them(tmp_path: Path) -> None:
    rows = made_rows([0.0, 1.0], tokens=5)
    rows["output_tokens"] = [7, 9]
    assert summary_of(write_run(tmp_path / "a", rows))["output_tokens_from"] == "usage"
    rows["output_tokens"] = [7, -1]
    mixed = summary_of(write_run(tmp_path / "b", rows))
    assert (mixed["output_tokens_from"], mixed["total_output_tokens"]) == ("mixed", 12)
    rows["output_tokens"] = -1
    events = summary_of(write_run(tmp_path / "c", rows))
    assert (events["output_tokens_from"], events["total_output_tokens"]) == ("events", 10)


def test_prompt_tokens_without_usage_come_from_the_plan(tmp_path: Path) -> None:
    rows = made_rows([0.0, 1.0, 2.0])
    rows["prompt_tokens"] = [-1, -1, 33]
    summary = summary_of(write_run(tmp_path / "run", rows, asked_input=[100, 200]))
    assert (summary["total_input_tokens"], summary["input_tokens_from"]) == (100 + 200 + 33, "mixed")


@pytest.mark.parametrize("count", [0, -1])
def test_a_usage_of_zero_tokens_tells_nothing_and_is_said(count: int, tmp_path: Path) -> None:
    rows = made_rows([0.0, 1.0, 2.0])
    rows["prompt_tokens"] = rows["output_tokens"] = count
    summary = summary_of(write_run(tmp_path / "run", rows))
    assert (summary["total_input_tokens"], summary["input_tokens_from"]) == (300, "plan")
    assert (summary["total_output_tokens"], summary["output_tokens_from"]) == (24, "events")
    said = " ".join(summary["verdict"]["notes"])
    assert (
        "3 of 3 answers came without a usage of output tokens, so their content events were counted" in said
    )
    assert "no count of prompt tokens, or 0, so the planned lengths were used" in said


def test_every_request_is_counted_once(tmp_path: Path) -> None:
    rows = made_rows(np.arange(8.0))
    fail(rows, [1, 2], "http_status", http_status=500)
    fail(rows, 3, "timeout")
    fail(rows, 4, "stopped")
    rows["status"][4] = 3
    rows["status"][5] = 4
    rows["sent_ns"][5] = 0
    rows["status"][6] = 0
    rows["done_ns"][6] = 0
    summary = summary_of(write_run(tmp_path / "run", rows, outcome="interrupted", outcome_reason="Ctrl-C"))
    assert summary["requests"] == {
        "planned": 8, "sent": 7, "completed": 2, "failed": 3, "aborted": 0, "cancelled": 1, "dropped": 1, "lost": 1,
        "not_sent": 0,
        "warm_up": 0,
    }  # fmt: skip
    assert summary["errors"] == {"http_500": 2, "timeout": 1}
    assert list(summary["errors"]) == ["http_500", "timeout"], "the commonest first"
    assert summary["metrics"]["ttft_ms"]["count"] == 2
    assert summary["outcome"] == "interrupted"


def test_itl_is_exact_with_a_token_log_and_near_without(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    rows = made_rows(np.arange(40.0), tokens=20)
    gaps = [random.lognormal(16, 1, 19).astype(np.int64) for _ in rows]
    gaps[3][0] = 3_000_000_000
    exact = summary_of(write_run(tmp_path / "a", rows, gaps=gaps, token_times=True, workers=2))
    near = summary_of(write_run(tmp_path / "b", rows, gaps=gaps, workers=2))
    assert (exact["itl_from"], near["itl_from"]) == ("token_log", "histogram")
    truth = np.percentile(np.concatenate(gaps) / 1e6, 90)
    assert exact["p90_itl_ms"] == pytest.approx(truth, rel=1e-9)
    assert near["p90_itl_ms"] == pytest.approx(truth, rel=1e-3)
    assert near["std_itl_ms"] == pytest.approx(np.std(np.concatenate(gaps) / 1e6))


def test_closed_loop_has_no_latency_from_the_plan(tmp_path: Path) -> None:
    summary = summary_of(write_run(tmp_path / "run", made_rows(np.zeros(3))))
    assert summary["from_plan"] is None
    assert summary["client"]["schedule_lag_ms"] is None


def test_peaks_count_whole_seconds(tmp_path: Path) -> None:
    rows = made_rows([0.0, 100.0, 1500.0], ttft_ms=100, itl_ms=10, tokens=[5, 5, 30])
    summary = summary_of(write_run(tmp_path / "run", rows))
    assert summary["peaks"] == {
        "requests_per_s": 2.0, "input_tokens_per_s": 200.0, "output_tokens_per_s": 30.0,
        "total_tokens_per_s": 210.0,
    }  # fmt: skip


def test_reasoning_is_told_apart(tmp_path: Path) -> None:
    rows = made_rows([0.0, 1.0], tokens=10)
    rows["reasoning_events"] = [5, 0]
    found = summary_of(write_run(tmp_path / "run", rows))["reasoning"]
    assert found == {"events": 5, "requests": 1, "share_of_events": 0.25}


@pytest.mark.parametrize("count", [0, 1, 300])
def test_no_nan_and_no_infinity_in_any_summary(count: int, tmp_path: Path) -> None:
    rows = made_rows(np.arange(count) * 2.0)
    if count == 1:
        fail(rows, 0, "connect")
        rows["sent_ns"] = rows["done_ns"] = rows["first_byte_ns"] = 0
    config = base_config(rate=500.0, arrival="poisson", burstiness="inf")
    summary = summary_of(write_run(tmp_path / "run", rows, config=config))
    plain = json.dumps(summary, allow_nan=False)
    assert json.loads(plain) == orjson.loads(orjson.dumps(summary))


def test_a_crash_leaves_a_summary_of_what_ended(tmp_path: Path) -> None:
    folder = poisson_run(tmp_path / "run", 300, 100.0, outcome="running", forget=["end_ns", "workers"])
    summary = summary_of(folder)
    assert summary["completed"] == 298
    assert summary["clock"] == "kernel", "told from the delays: user stamps have none"
    assert summary["client"]["cpu_share"] == []
    assert summary["verdict"]["status"] == "invalid"
    assert "without closing its records" in summary["verdict"]["reasons"][0]
