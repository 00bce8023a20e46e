"""What the servers said of themselves, from samples whose sums are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.blocks.server import gauge_series, hit_rate_series
from aisbench.analysis.measured import Measured
from aisbench.analysis.samples import server_samples
from aisbench.records.run import Run
from aisbench.report.text.console import render
from tests.analysis.made_runs import START_NS, base_config, made_rows, write_run
from tests.analysis.summaries import summarise

SECOND = 1_000_000_000


def run_with(
    folder: Path, *samples: tuple[float, int, dict[str, Any]], rows: np.ndarray | None = None
) -> Run:
    """Samples: seconds since the start, endpoint, values."""
    if rows is None:
        rows = made_rows(np.arange(40) * 50.0, lag_ms=0.0, ttft_ms=50.0, itl_ms=10.0, tokens=8)
    path = write_run(folder / "run", rows, config=base_config())
    lines = [
        {"t_ns": START_NS + int(at * SECOND), "endpoint": endpoint, "values": values}
        for at, endpoint, values in samples
    ]
    (path / "records/server.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"torn')
    return Run.load(path)


def test_gauges_are_summed_over_servers_and_shares_averaged(tmp_path: Path) -> None:
    run = run_with(
        tmp_path,
        (-0.1, 0, {"running": 0.0, "kv_use": 0.0}),
        (-0.1, 1, {"running": 0.0, "kv_use": 0.0}),
        (0.9, 0, {"running": 4.0, "kv_use": 0.2}),
        (0.91, 1, {"running": 6.0, "kv_use": 0.6}),
        (1.9, 0, {"running": 2.0, "kv_use": 0.2}),
        (1.91, 1, {"running": 2.0, "kv_use": 0.2}),
    )
    server = summarise(Measured(run))["server"]
    # The sample before the start is not of the run.
    assert server["running"] == {"mean": 7.0, "peak": 10.0}
    assert server["kv_use"] == {"mean": pytest.approx(0.3), "peak": pytest.approx(0.4)}
    assert server["samples"] == 6


def test_a_gauge_s_sample_belongs_to_its_own_moment(tmp_path: Path) -> None:
    run = run_with(
        tmp_path,
        (-0.03, 0, {"running": 0.0}),
        (0.5, 0, {"running": 16.0}),
        (1.0, 0, {"running": 16.0}),
        (1.9, 0, {"running": 16.0}),
        # The last sample, soon after the one before, when all is over.
        (2.25, 0, {"running": 0.0}),
        (0.95, 1, {"running": 1.0}),
        (1.3, 1, {"running": 100.0}),
    )
    found = gauge_series(run, server_samples(run), "running")
    assert found is not None
    assert found[1].tolist() == [1.0, 17.0, 17.0, 116.0, 100.0]
    alone = gauge_series(run, {0: server_samples(run)[0]}, "running")
    assert alone is not None
    assert alone[1].tolist() == [0.0, 16.0, 16.0, 16.0, 0.0]


@pytest.mark.parametrize(("around", "wanted"), [((3.0, 3.0), {"mean": 3.0, "peak": 3.0}), ((0.0, 0.0), None)])
def test_a_run_between_two_samples(
    tmp_path: Path, around: tuple[float, float], wanted: dict[str, float] | None
) -> None:
    before, after = around
    run = run_with(tmp_path, (-0.1, 0, {"running": before}), (60.0, 0, {"running": after}))
    assert summarise(Measured(run))["server"]["running"] == wanted


def test_what_is_not_a_finite_number_is_left_out_and_named(tmp_path: Path) -> None:
    run = run_with(
        tmp_path,
        (-0.1, 0, {"prompt_tokens": 1000.0, "prefix_hits": None, "running": None}),
        (0.9, 0, {"prompt_tokens": None, "prefix_hits": None, "running": 3.0}),
        (2.1, 0, {"prompt_tokens": 1600.0, "prefix_hits": None, "running": 4.0}),
        (-0.1, 1, {"generation_tokens": 0.0}),
        (2.1, 1, {"generation_tokens": 1.7e308}),
        (-0.1, 2, {"generation_tokens": 0.0}),
        (2.1, 2, {"generation_tokens": 1.7e308}),
    )
    summary = summarise(Measured(run))
    assert summary["server"]["counters"] == {"prompt_tokens": 600.0}
    assert summary["server"]["running"] == {"mean": 3.0, "peak": 3.0}
    (note,) = [note for note in summary["notes"] if "finite" in note]
    assert "prefix_hits, prompt_tokens, running" in note


def test_counters_grow_and_start_again_when_a_server_does(tmp_path: Path) -> None:
    run = run_with(
        tmp_path,
        (-0.1, 0, {"prompt_tokens": 1000.0, "prefix_queries": 100.0, "prefix_hits": 10.0}),
        (2.1, 0, {"prompt_tokens": 1600.0, "prefix_queries": 300.0, "prefix_hits": 110.0}),
        (-0.1, 1, {"prompt_tokens": 5000.0}),
        (2.1, 1, {"prompt_tokens": 50.0}),
    )
    server = summarise(Measured(run))["server"]
    assert server["counters"]["prompt_tokens"] == 650.0
    assert server["prefix_hit_rate"] == 0.5


def test_speculative_decoding_as_vllm_says_it(tmp_path: Path) -> None:
    before = {
        "drafts": 10.0,
        "draft_tokens": 30.0,
        "accepted_tokens": 5.0,
        "accepted_at": {"0": 4.0, "1": 1.0},
    }
    after = {
        "drafts": 110.0,
        "draft_tokens": 330.0,
        "accepted_tokens": 155.0,
        "accepted_at": {"0": 94.0, "1": 61.0},
    }
    run = run_with(tmp_path, (-0.1, 0, before), (2.1, 0, after))
    summary = summarise(Measured(run))
    assert summary["server"]["spec_decode"] == {
        "acceptance_rate": 50.0,
        "acceptance_length": 2.5,
        "num_drafts": 100,
        "draft_tokens": 300,
        "accepted_tokens": 150,
        "per_position_acceptance_rates": [0.9, 0.6],
    }
    assert summary["spec_decode_acceptance_rate"] == 50.0
    keys = list(summary)
    assert keys.index("rtfx") < keys.index("spec_decode_acceptance_rate") < keys.index("mean_ttft_ms")
    shown = render(summary, [99.0])
    assert "Speculative Decoding" in shown
    assert "Acceptance rate (%):" in shown


def test_the_server_s_latencies_beside_ours(tmp_path: Path) -> None:
    buckets = {"0.025": 0.0, "0.05": 39.0, "0.1": 40.0, "+Inf": 40.0}
    nothing = {"ttft_sum": 0.0, "ttft_count": 0.0, "ttft_buckets": dict.fromkeys(buckets, 0.0)}
    run = run_with(
        tmp_path,
        (-0.1, 0, nothing),
        (2.2, 0, {"ttft_sum": 1.92, "ttft_count": 40.0, "ttft_buckets": buckets}),
    )
    found = summarise(Measured(run))["server"]["reconcile"]["ttft_ms"]
    assert found["server"] == {"requests": 40, "mean": pytest.approx(48.0)}
    assert found["client"] == {"requests": 40, "mean": pytest.approx(50.0)}
    assert found["difference_ms"] == pytest.approx(2.0)
    assert found["percentiles"]["p50"]["server_within"] == [25.0, 50.0]
    assert found["percentiles"]["p99"]["server_within"] == [50.0, 100.0]


def test_means_over_different_requests_are_not_subtracted(tmp_path: Path) -> None:
    """The server gave 50 a first token; 40 succeeded here, and ten were cut off, five of them after their first."""
    nothing = {"ttft_sum": 0.0, "ttft_count": 0.0, "e2el_sum": 0.0, "e2el_count": 0.0}
    ended = {"ttft_sum": 2.9, "ttft_count": 50.0, "e2el_sum": 9.6, "e2el_count": 50.0}
    rows = made_rows(np.arange(50) * 50.0)
    rows["status"][40:] = 3
    rows["first_token_ns"][45:] = rows["content_events"][45:] = 0
    run = run_with(tmp_path, (-0.1, 0, nothing), (2.2, 0, ended), rows=rows)
    summary = summarise(Measured(run))
    for name in ("ttft_ms", "e2el_ms"):
        found = summary["server"]["reconcile"][name]
        assert (found["server"]["requests"], found["client"]["requests"]) == (50, 40)
        assert found["difference_ms"] is None
    assert "TTFT at server      mean 58.00 ms over 50 requests; 50.00 ms over 40 here" in render(
        summary, [99.0]
    )


def test_where_the_server_counted_all_first_tokens_so_do_we(tmp_path: Path) -> None:
    nothing, ended = ({"ttft_sum": s, "ttft_count": c} for s, c in ((0.0, 0.0), (2.4, 50.0)))
    rows = made_rows(np.arange(50) * 50.0)
    rows["status"][40:] = 3
    run = run_with(tmp_path, (-0.1, 0, nothing), (2.2, 0, ended), rows=rows)
    found = summarise(Measured(run))["server"]["reconcile"]["ttft_ms"]
    assert found["client"]["requests"] == 50
    assert found["difference_ms"] == pytest.approx(2.0)


def test_a_server_that_said_nothing(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows(np.zeros(3)), config=base_config()))
    assert summarise(Measured(run))["server"] is None


def test_the_hit_rate_of_a_second_is_that_of_its_own_lookups(tmp_path: Path) -> None:
    run = run_with(
        tmp_path,
        (-0.1, 0, {"prefix_queries": 100.0, "prefix_hits": 100.0}),
        (0.9, 0, {"prefix_queries": 200.0, "prefix_hits": 110.0}),
        (1.9, 0, {"prefix_queries": 200.0, "prefix_hits": 110.0}),
        (2.9, 0, {"prefix_queries": 300.0, "prefix_hits": 200.0}),
        (-0.1, 1, {"prefix_queries": 0.0, "prefix_hits": 0.0}),
        (0.95, 1, {"prefix_queries": 300.0, "prefix_hits": 30.0}),
        (1.0, 2, {"running": 3.0}),
    )
    found = hit_rate_series(run, server_samples(run))
    assert found is not None
    # 10 of 100 and 30 of 300; then nobody looked anything up; then 90 of 100.
    assert [list(part) for part in found] == [[0.0, 2.0], [0.1, 0.9]]
    assert hit_rate_series(run, {2: server_samples(run)[2]}) is None
