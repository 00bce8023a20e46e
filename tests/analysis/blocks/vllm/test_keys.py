"""vllm.json: the keys of `vllm bench serve` 0.32 --save-result, in its order, by its definitions."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisbench.analysis.blocks.vllm.arrays import REQUEST_ARRAYS
from aisbench.analysis.blocks.vllm.keys import vllm_result
from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from tests.analysis.made_runs import START_NS, base_config, fail, made_rows, write_run
from tests.analysis.summaries import summarise

BEFORE = [
    "date", "endpoint_type", "backend", "label", "model_id", "tokenizer_id", "num_prompts",
]  # fmt: skip
TRAFFIC = ["request_rate", "burstiness", "max_concurrency"]
TOTALS = [
    "duration", "completed", "failed", "total_input_tokens", "total_output_tokens", "request_throughput",
    "request_goodput", "output_throughput", "total_token_throughput",
]  # fmt: skip
ARRAYS = [
    "input_lens", "output_lens", "ttfts", "itls", "latencies", "start_times", "queue_times",
    "generated_texts", "errors",
]  # fmt: skip
PEAKS = ["max_output_tokens_per_s", "max_concurrent_requests", "rtfx"]


def statistics_of(name: str, *percents: str) -> list[str]:
    return [f"{kind}_{name}_ms" for kind in ("mean", "median", "std", *percents)]


def result_of(folder: Path) -> dict[str, Any]:
    run = Run.load(folder)
    summary = summarise(Measured(run))
    result = vllm_result(Measured(run))
    # What has an entry for each request is in vllm.json alone; summary.json's own `errors` counts by kind.
    shared = {key: value for key, value in result.items() if key not in REQUEST_ARRAYS}
    assert list(summary)[: len(shared)] == list(shared)
    assert {key: summary[key] for key in shared} == shared
    assert not any(isinstance(value, list) and len(value) == len(run.rows) > 2 for value in shared.values())
    return result


def test_keys_of_a_plain_run_in_order(tmp_path: Path) -> None:
    result = result_of(
        write_run(tmp_path / "run", made_rows([0.0, 1.0]), config=base_config(percentiles=[99]))
    )
    expected = [*BEFORE, *TRAFFIC, *TOTALS, "latencies", "queue_times", *PEAKS]
    for name in ("ttft", "tpot", "itl"):
        expected += statistics_of(name, "p99")
    assert list(result) == expected
    assert result["date"] == "20261123-140000"
    assert (result["request_rate"], result["burstiness"], result["request_goodput"]) == ("inf", 1.0, None)


def test_keys_of_a_detailed_run_with_everything_asked_for(tmp_path: Path) -> None:
    config = base_config(
        save_detailed=True,
        metadata={"gpu": "none", "rack": "7"},
        ramp_up={"strategy": "linear", "from_rps": 1, "to_rps": 9},
        percentiles=[50, 99.9],
        percentile_metrics=["e2el", "ttft"],
        tokenizer="some/tokenizer",
        label="night",
        num_requests=3,
    )
    rows = made_rows([0.0, 10.0, 20.0], tokens=[3, 1, 4], itl_ms=10)
    fail(rows, 1, "http_status", http_status=503)
    texts = [("a b c", ""), ("", ""), ("d", "e f g")]
    result = result_of(
        write_run(
            tmp_path / "run", rows, config=config, token_times=True, texts=texts, asked_input=[100, 200]
        )
    )
    expected = [*BEFORE, "gpu", "rack", *TRAFFIC, "ramp_up_strategy", "ramp_up_start_rps", "ramp_up_end_rps"]
    expected += [*TOTALS, *ARRAYS, *PEAKS]
    expected += [*statistics_of("ttft", "p50", "p99.9"), *statistics_of("e2el", "p50", "p99.9")]
    assert list(result) == expected
    assert result["input_lens"].tolist() == [100, 200, 100]
    assert result["output_lens"].tolist() == [3, 0, 4]
    assert result["ttfts"] == pytest.approx([0.05, 0.0, 0.05])
    assert [len(gaps) for gaps in result["itls"]] == [2, 0, 3]
    assert result["itls"][2] == pytest.approx([0.01, 0.01, 0.01])
    assert result["latencies"] == pytest.approx([0.07, 0.0, 0.08])
    assert result["start_times"] == pytest.approx([START_NS / 1e9 + t for t in (0.0001, 0.0101, 0.0201)])
    assert result["queue_times"] == pytest.approx([0.0001] * 3)
    assert result["generated_texts"] == ["a b c", "", "d"]
    assert result["errors"] == ["", "http_503", ""]


def test_requests_that_did_not_end_are_in_no_array(tmp_path: Path) -> None:
    rows = made_rows([0.0, 1.0, 2.0])
    fail(rows, 2, "stopped")
    rows["status"][2] = 3
    result = result_of(write_run(tmp_path / "run", rows))
    assert (len(result["latencies"]), len(result["queue_times"])) == (2, 2)
    assert (result["completed"], result["failed"]) == (2, 0)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(0, 4000), st.floats(1, 900), st.floats(1, 300), st.integers(1, 9)),
        min_size=1,
        max_size=20,
    )
)
def test_peaks_against_a_slow_oracle(tmp_path_factory: pytest.TempPathFactory, found: list[Any]) -> None:
    """Seconds count from the first send; a request touches each second that it overlaps."""
    planned, ttfts, itls, tokens = map(list, zip(*sorted(found), strict=True))
    rows = made_rows(planned, ttft_ms=ttfts, itl_ms=itls, tokens=tokens)
    result = result_of(write_run(tmp_path_factory.mktemp("run") / "r", rows))
    first = min(rows["sent_ns"])
    touched: dict[int, int] = {}
    for row in rows:
        begin = int(row["sent_ns"] - first) // 10**9
        end = math.ceil(int(row["last_token_ns"] - first) / 1e9)
        for second in range(begin, max(end, begin + 1)):
            touched[second] = touched.get(second, 0) + 1
    assert result["max_concurrent_requests"] == max(touched.values())
    in_second: dict[int, int] = {}
    # Token times are kept to 10 ms of the start, and so is the first send there.
    skipped = int(first - START_NS) // 10**7
    for row in rows:
        for moment in np.rint(
            np.linspace(row["first_token_ns"], row["last_token_ns"], row["content_events"])
        ):
            second = (int(moment - START_NS) // 10**7 - skipped) // 100
            in_second[second] = in_second.get(second, 0) + 1
    assert result["max_output_tokens_per_s"] == max(in_second.values())
