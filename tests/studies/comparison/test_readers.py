"""Each format, from a small file of it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from aisbench.errors import BadInput
from aisbench.studies.comparison.readers.registry import read_groups, read_path
from tests.analysis.made_runs import base_config, fail, made_rows, write_run

DATA = Path(__file__).parent / "data"


def test_what_vllm_wrote() -> None:
    """The file is vLLM 0.32's own: 6 requests, --save-detailed."""
    content = json.loads((DATA / "vllm.json").read_text())
    (result,) = read_path(str(DATA / "vllm.json"))
    assert result.tool == "vllm bench serve"
    assert (result.setup.api, result.setup.rate, result.setup.concurrency) == ("chat", math.inf, 3)
    assert result.figures["ttft_ms.mean"] == content["mean_ttft_ms"]
    for name in ("ttft", "tpot", "itl", "e2el"):
        sample = result.samples[name]
        assert np.mean(sample.values_ms) == pytest.approx(content[f"mean_{name}_ms"])
        assert np.percentile(sample.values_ms, 99) == pytest.approx(content[f"p99_{name}_ms"])
    assert len(result.samples["itl"].values_ms) == sum(map(len, content["itls"]))
    assert "ttft_from_plan" not in result.samples, "at rate inf there is no plan"


def test_of_a_vllm_result_without_details_latencies_are_left(tmp_path: Path) -> None:
    content = json.loads((DATA / "vllm.json").read_text())
    for name in ("input_lens", "output_lens", "ttfts", "itls", "start_times", "generated_texts", "errors"):
        del content[name]
    content |= {"request_rate": 5.0, "queue_times": [1.0] * 6}
    content["latencies"][2] = 0.0  # as of a failed request
    (tmp_path / "r.json").write_text(json.dumps(content))
    (result,) = read_path(str(tmp_path / "r.json"))
    assert sorted(result.samples) == ["e2el", "e2el_from_plan"]
    assert len(result.samples["e2el"].values_ms) == 5
    added = result.samples["e2el_from_plan"].values_ms - result.samples["e2el"].values_ms
    assert added == pytest.approx([1000.0] * 5)


def test_an_appended_vllm_file_holds_several_runs(tmp_path: Path) -> None:
    text = json.dumps(json.loads((DATA / "vllm.json").read_text()))
    (tmp_path / "r.json").write_text(f"{text}\n{text}\n")
    assert len(read_path(str(tmp_path / "r.json"))) == 2
    (group, other) = read_groups([f"a={tmp_path / 'r.json'}", f"b={DATA / 'vllm.json'}"])
    assert (len(group.runs), len(other.runs)) == (2, 1)
    assert [group.name for group in read_groups([str(tmp_path / "r.json")])] == ["r.json", "r.json (2)"]


def test_the_rust_client_of_vllm_is_another_tool(tmp_path: Path) -> None:
    content = json.loads((DATA / "vllm.json").read_text()) | {"date": "2026-11-23T17:00:00Z"}
    del content["queue_times"]
    content["start_times"] = [0.0] * 6
    (tmp_path / "r.json").write_text(json.dumps(content))
    (result,) = read_path(str(tmp_path / "r.json"))
    assert result.tool == "vllm bench serve (Rust)"
    assert {"ttft", "e2el"} <= result.samples.keys()


def test_sglang_lines() -> None:
    bare, detailed = read_path(str(DATA / "sglang.jsonl"))
    assert bare.tool == "sglang bench_serving"
    assert bare.setup.rate == math.inf
    assert detailed.setup.rate == 8.0
    assert bare.setup.length_rule == "0.5 to 1 times the set length"
    assert bare.setup.model == "small-model"
    assert bare.figures["e2el_ms.p99"] == 153.0
    assert bare.figures["total_token_throughput"] == 45.0
    assert bare.samples == {}
    assert "failed" not in bare.figures
    assert detailed.figures["failed"] == 1
    assert detailed.samples["ttft"].values_ms == pytest.approx([40, 50, 60])
    assert len(detailed.samples["itl"].values_ms) == 15
    assert detailed.input_lens is not None
    assert detailed.input_lens.tolist() == [16, 24, 32]


def test_aiperf() -> None:
    (result,) = read_path(str(DATA / "aiperf.json"))
    assert result.tool == "AIPerf"
    setup = result.setup
    assert (setup.model, setup.api, setup.rate, setup.concurrency) == ("small-model", "chat", 10.0, 8)
    assert (setup.num_requests, setup.warmup) == (21, 2)
    assert result.figures["tpot_ms.mean"] == 12.0, "its ITL is a mean gap of a request"
    assert result.figures["itl_ms.mean"] == 11.8
    assert result.figures["duration"] == pytest.approx(2.105)
    assert (result.figures["completed"], result.figures["failed"]) == (20, 1)
    assert result.samples == {}


def test_half_of_a_surrogate_pair_is_replaced_as_no_file_could_hold_it(tmp_path: Path) -> None:
    content = (DATA / "aiperf.json").read_text().replace('"small-model"', '"\\uD83D\\ude00 \\ud800"')
    (tmp_path / "r.json").write_text(content)
    (result,) = read_path(str(tmp_path / "r.json"))
    assert result.setup.model == "\N{GRINNING FACE} \ufffd"


def test_aiperf_of_before_013_and_in_other_units(tmp_path: Path) -> None:
    content = json.loads((DATA / "aiperf.json").read_text())
    content["input_config"] = {
        "endpoint": {"model_names": ["older"], "type": "completions", "streaming": True},
        "loadgen": {"concurrency": 16, "request_count": 99, "warmup_request_count": 3},
        "input": {"random_seed": 7},
    }
    content["time_to_first_token"] = {"unit": "s", "avg": 0.06}
    content["benchmark_duration"] = {"unit": "ms", "avg": 2105.0}
    del content["error_request_count"]
    content["is_complete"] = False
    (tmp_path / "r.json").write_text(json.dumps(content))
    (result,) = read_path(str(tmp_path / "r.json"))
    setup = result.setup
    assert (setup.model, setup.rate, setup.concurrency, setup.seed) == ("older", math.inf, 16, 7)
    assert result.figures["ttft_ms.mean"] == pytest.approx(60.0)
    assert result.figures["duration"] == pytest.approx(2.105)
    assert result.figures["failed"] == 0
    assert "not complete" in result.notes[0]


def test_guidellm() -> None:
    closed, open_loop = read_path(str(DATA / "guidellm.json"))
    assert closed.tool == "GuideLLM"
    setup = closed.setup
    assert (setup.model, setup.api, setup.concurrency, setup.num_requests) == ("small-model", "chat", 4, 4)
    assert setup.rate == math.inf
    assert (open_loop.setup.rate, open_loop.setup.burstiness, open_loop.setup.concurrency) == (3.0, 1.0, None)
    assert closed.figures["e2el_ms.mean"] == pytest.approx(150.0), "seconds there"
    assert closed.figures["tpot_ms.p99"] == 13.0
    assert closed.figures["total_output_tokens"] == 27
    assert closed.samples["ttft"].values_ms.tolist() == [40.0, 50.0, 60.0], "in the order of their start"
    assert closed.samples["e2el"].values_ms == pytest.approx([130, 150, 170])


def test_of_a_guidellm_report_that_keeps_a_sample_of_requests_none_are_used(tmp_path: Path) -> None:
    content = json.loads((DATA / "guidellm.json").read_text())
    content["benchmarks"][0]["requests"]["successful"].pop()
    (tmp_path / "benchmarks.json").write_text(json.dumps(content))
    thinned, _ = read_path(str(tmp_path))
    assert thinned.samples == {}
    assert thinned.input_lens is None


def open_loop_rows() -> np.ndarray:
    rows = made_rows(np.arange(40) * 20.0, lag_ms=3.0, ttft_ms=np.linspace(40, 60, 40), tokens=8)
    fail(rows, [5], "connect")
    return rows


def test_a_run_folder_and_its_summary(tmp_path: Path) -> None:
    config = base_config(
        rate=50.0, concurrency=16, extra_body={"top_p": 0.9}, temperature=0.0, range_ratio="0.2"
    )
    folder = write_run(tmp_path / "run", open_loop_rows(), config=config)
    (result,) = read_path(str(folder))
    assert result.tool == "aisbench"
    setup = result.setup
    assert (setup.api, setup.rate, setup.concurrency) == ("completions", 50.0, 16)
    assert setup.sampling == {"top_p": 0.9, "temperature": 0.0}
    assert result.fingerprint["bodies"] == "b0d1"
    assert (result.figures["completed"], result.figures["failed"]) == (39, 1)
    assert result.samples["ttft"].requests == 39
    late = result.samples["ttft_from_plan"].values_ms - result.samples["ttft"].values_ms
    assert late == pytest.approx([3.0] * 39)
    gaps = result.samples["itl"]
    assert not gaps.is_whole, "only a histogram of the gaps was kept"
    assert np.average(gaps.values_ms, weights=gaps.weights) == pytest.approx(10.0)

    from aisbench.report.files.write import write_all

    write_all(folder)
    (same,) = read_path(str(folder / "summary.json"))
    assert same.samples.keys() == result.samples.keys(), "the records beside it are read"
    alone = tmp_path / "alone.json"
    alone.write_bytes((folder / "summary.json").read_bytes())
    (bare,) = read_path(str(alone))
    assert bare.samples == {}
    assert bare.figures == pytest.approx(result.figures)
    (ours,) = read_path(str(folder / "vllm.json"))
    assert ours.tool == "aisbench", "in vLLM's format, but not vLLM's figures"


def test_every_gap_of_a_run_that_kept_token_times(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", open_loop_rows(), token_times=True)
    (result,) = read_path(str(folder))
    assert result.samples["itl"].is_whole
    assert len(result.samples["itl"].values_ms) == 39 * 7


def test_compat_vllm_counts_from_the_slot(tmp_path: Path) -> None:
    rows = open_loop_rows()
    rows["began_ns"] = rows["sent_ns"] - 2_000_000
    plain = write_run(tmp_path / "plain", rows, config=base_config(rate=50.0))
    compat = write_run(tmp_path / "compat", rows, config=base_config(rate=50.0, compat="vllm"))
    (one,), (other,) = read_path(str(plain)), read_path(str(compat))
    assert other.figures["ttft_ms.mean"] - one.figures["ttft_ms.mean"] == pytest.approx(2.0)
    assert other.figures["ttft_from_plan_ms.mean"] == pytest.approx(one.figures["ttft_from_plan_ms.mean"])
    assert other.habits.origin == "slot"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not JSON"),
        ("not json", "is not JSON"),
        ('{"a": 1}\n{broken\n', "line 2 is not JSON"),
        ("[1, 2]", "is not a JSON object"),
        ('{"colour": "red"}', "it holds colour"),
        ('{"benchmarks": [{"metrics": {}, "duration": [1]}]}', ""),
        ('{"request_throughput": 1, "endpoint_type": "a", "num_prompts": "x", "burstiness": 1}', "not in the expected format"),
    ],
)  # fmt: skip
def test_what_is_no_result_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "given.json"
    path.write_text(content)
    with pytest.raises(BadInput) as refused:
        read_groups([str(path)])
    assert said in str(refused.value)
    assert "give" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing\.json cannot be read"):
        read_groups([str(tmp_path / "missing.json")])
    with pytest.raises(BadInput, match="not a run folder"):
        read_groups([str(tmp_path)])
    with pytest.raises(BadInput, match="one result cannot be compared"):
        read_groups([str(DATA / "vllm.json")])
    with pytest.raises(BadInput, match="is not NAME=RUN"):
        read_groups(["ours=", str(DATA / "vllm.json")])


def test_a_path_with_an_equals_sign_is_a_path(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.json"
    odd.write_bytes((DATA / "vllm.json").read_bytes())
    assert [group.name for group in read_groups([str(odd), str(odd)])] == ["a=b.json", "a=b.json (2)"]
