"""What is said of answers that were not what was asked, or that show less than they seem to."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.studies.saturation.step import Sample
from aisbench.studies.slo.terms import parse_slo
from tests.analysis.made_runs import MS, base_config, fail, made_rows, write_run
from tests.analysis.summaries import summarise


def summary_of(tmp_path: Path, rows: np.ndarray, **options: Any) -> dict[str, Any]:
    return summarise(Measured(Run.load(write_run(tmp_path / "run", rows, **options))))


def said(summary: dict[str, Any]) -> str:
    return " ".join([*summary["verdict"]["reasons"], *summary["verdict"]["notes"]])


def at_one_moment(rows: np.ndarray, index: Any, *, events: int = 1, tokens: int = 8) -> None:
    """Turns rows of `index` into answers whose `tokens` all came with their first event."""
    rows["last_token_ns"][index] = rows["first_token_ns"][index]
    rows["content_events"][index] = events
    rows["output_tokens"][index] = tokens


@pytest.mark.parametrize("events", [1, 8])
@pytest.mark.parametrize("token_times", [True, False])
def test_tokens_that_came_at_one_moment_have_no_tpot_and_no_itl(
    events: int, token_times: bool, tmp_path: Path
) -> None:
    rows = made_rows(np.arange(4) * 100.0)
    at_one_moment(rows, [1, 3], events=events)
    config = base_config(goodput={"ttft": 1000.0, "tpot": 50.0}, concurrency=4)
    summary = summary_of(tmp_path, rows, config=config, token_times=token_times)
    tpot, itl = summary["metrics"]["tpot_ms"], summary["metrics"]["itl_ms"]
    assert (tpot["count"], tpot["mean"], tpot["min"]) == (2, pytest.approx(10.0), pytest.approx(10.0))
    assert (itl["count"], itl["mean"]) == (14, pytest.approx(10.0))
    assert itl["min"] == pytest.approx(10.0, rel=1e-3)
    assert summary["metrics"]["ttft_ms"]["count"] == summary["metrics"]["e2el_ms"]["count"] == 4
    assert summary["mean_tpot_ms"] == pytest.approx(10.0)
    assert summary["goodput"]["good"] == 2
    assert summary["goodput"]["not_measured"] == summary["answers"]["at_one_moment"] == 2
    assert "2 of 4 requests had all their tokens at one moment" in said(summary)


def test_where_all_answers_came_at_one_moment_tpot_is_null(tmp_path: Path) -> None:
    rows = made_rows(np.arange(3) * 100.0)
    at_one_moment(rows, slice(None))
    config = base_config(goodput={"tpot": 50.0}, concurrency=3, slice_s=0.1)
    summary = summary_of(tmp_path, rows, config=config)
    for name in ("tpot_ms", "itl_ms"):
        found = summary["metrics"][name]
        assert found.pop("count") == 0
        assert set(found.values()) == {None}
        assert summary[f"mean_{name}"] is summary[f"p99_{name}"] is None
    assert summary["goodput"]["good"] == 0
    assert summary["per_user"]["decode_tokens_per_s"]["mean"] is None
    assert {part["mean_tpot_ms"] for part in summary["slices"]["slices"]} == {None}


def test_one_token_alone_misses_no_bound_on_tpot(tmp_path: Path) -> None:
    config = base_config(goodput={"tpot": 50.0}, concurrency=2)
    summary = summary_of(tmp_path, made_rows([0.0, 1.0], tokens=1), config=config)
    assert (summary["goodput"]["good"], summary["answers"]["at_one_moment"]) == (2, 0)


def test_a_search_holds_no_bound_on_what_was_not_measured(tmp_path: Path) -> None:
    rows = made_rows(np.arange(100) * 10.0)
    at_one_moment(rows, slice(0, None, 2))
    run = Run.load(write_run(tmp_path / "run", rows, config=base_config(rate=100.0, arrival="constant")))
    sample = Sample.of(Measured(run), parse_slo("tpot_p99<50"))
    assert sample.due > 20
    assert sample.good == len(sample.latencies["tpot"]) == sample.due // 2


def test_without_a_success_no_latency_is_told(tmp_path: Path) -> None:
    rows = made_rows(np.arange(5.0))
    fail(rows, slice(None), "http_status", http_status=503)
    config = base_config(rate=1000.0, arrival="poisson")
    summary = summary_of(tmp_path, rows, config=config, client_delay_ns=np.empty(0, np.int64))
    for block in (*summary["metrics"].values(), *summary["from_plan"].values()):
        assert {value for name, value in block.items() if name != "count"} == {None}
    latencies = [name for name in summary if name.endswith("_ms")]
    assert latencies
    assert {summary[name] for name in latencies} == {None}
    assert summary["client"]["ttft_bounds_ms"] is None
    assert summary["client"]["ttft_user_ms"] == {"mean": None, "p99": None}


def test_peaks_count_tokens_and_not_events(tmp_path: Path) -> None:
    """Ten events in the first second, each of two tokens, as speculative decoding sends them."""
    rows = made_rows([0.0], ttft_ms=50, itl_ms=20, tokens=10)
    rows["output_tokens"] = 20
    summary = summary_of(tmp_path, rows, config=base_config(concurrency=1))
    assert summary["max_output_tokens_per_s"] == summary["peaks"]["output_tokens_per_s"] == 20.0
    assert summary["peaks"]["total_tokens_per_s"] == 120.0
    assert (summary["answers"]["tokens_per_event"], summary["answers"]["itl_per"]) == (2.0, "event")
    assert "Events carry 2.00 tokens on average: ITL is the gap between events" in said(summary)


def test_an_event_for_each_token_is_not_remarked_upon(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, made_rows(np.zeros(3)), config=base_config(concurrency=3))
    assert (summary["answers"]["tokens_per_event"], summary["answers"]["itl_per"]) == (1.0, "token")
    assert "Events carry" not in said(summary)


LENGTH_CASES = [
    # asked, got, ignore_eos, finish (2: length, 1: stop), what is said
    (64, 3, True, 2, "100.0 % of the outputs (20 of 20) are shorter than requested (median 3 tokens, 64 requested);"),
    (64, 3, False, 2, "100.0 % of the outputs (20 of 20) are shorter than requested (median 3 tokens, 64 requested);"),
    (64, 3, False, 1, None),
    (8, 32, False, 1, "100.0 % of the outputs (20 of 20) are longer than requested (median 32 tokens, 8 requested);"),
    (64, 63, True, 2, None),
    (-1, 63, True, 2, None),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "got", "ignore_eos", "finish", "words"), LENGTH_CASES)
def test_outputs_of_another_length_than_asked(
    asked: int, got: int, ignore_eos: bool, finish: int, words: str | None, tmp_path: Path
) -> None:
    rows = made_rows(np.arange(20) * 500.0, tokens=got)
    rows["finish"] = finish
    config = base_config(concurrency=20, ignore_eos=ignore_eos)
    summary = summary_of(tmp_path, rows, config=config, asked_output=[asked])
    if words is None:
        assert (summary["lengths"]["output"] or {}).get("off_share", 0.0) == 0.0
        assert "than requested" not in said(summary)
    else:
        assert summary["verdict"]["status"] == "doubtful"
        assert words in said(summary)
        spread = f"Output tokens requested: min {asked}, median {asked}, max {asked}; got: min {got}, median {got}, max {got}."
        assert spread in summary["verdict"]["notes"]
        assert summary["lengths"]["output"]["off_share"] == 1.0
        assert summary["lengths"]["output"]["got"] == {"min": got, "median": got, "max": got}


def test_inputs_of_another_length_than_asked(tmp_path: Path) -> None:
    rows = made_rows(np.arange(100) * 10.0, prompt_tokens=807)
    rows["prompt_tokens"][:98] = 2048 + 40
    config = base_config(concurrency=100, tokenizer="some/tokenizer")
    summary = summary_of(tmp_path, rows, config=config, asked_input=[2048])
    assert summary["verdict"]["status"] == "valid", "one in fifty is a note; a chat template is not even that"
    text = "2.0 % of the inputs (2 of 100) are shorter than requested (median 2,088 tokens, 2,048 requested)"
    assert text in said(summary)
    assert "Input tokens requested: min 2,048, median 2,048, max 2,048; got: min 807, median 2,088" in said(
        summary
    )
    rows["prompt_tokens"] = 807
    summary = summary_of(tmp_path / "all", rows, config=config, asked_input=[2048])
    assert summary["verdict"]["status"] == "doubtful"
    assert "inputs (100 of 100) are shorter than requested (median 807 tokens, 2,048 requested)" in said(
        summary
    )


def test_inputs_that_were_estimates_are_told_and_no_reason(tmp_path: Path) -> None:
    rows = made_rows(np.arange(100) * 10.0, prompt_tokens=807)
    summary = summary_of(tmp_path, rows, config=base_config(concurrency=100), asked_input=[2048])
    assert summary["verdict"]["status"] == "valid"
    text = "(median 807 tokens, 2,048 requested): without --tokenizer the requested lengths are estimates."
    assert text in said(summary)


@pytest.mark.parametrize("usage", [2, 2_000_000_000])
def test_usage_that_contradicts_the_stream_makes_no_throughput(usage: int, tmp_path: Path) -> None:
    rows = made_rows(np.arange(5) * 200.0, tokens=10)
    rows["output_tokens"][:4] = usage
    rows["bytes_received"] = 3000
    config = base_config(concurrency=5)
    summary = summary_of(tmp_path, rows, config=config, asked_output=[10])
    assert (summary["total_output_tokens"], summary["output_tokens_from"]) == (50, "mixed")
    assert summary["answers"]["usage_contradicted"] == 4
    assert summary["metrics"]["tpot_ms"]["mean"] == pytest.approx(10.0)
    assert summary["verdict"]["status"] == "doubtful"
    assert f"usage contradicts the stream ({usage:,} tokens for 10 events)" in said(summary)


def test_usage_that_is_odd_and_possible_is_taken(tmp_path: Path) -> None:
    """A whole answer in one event, one that goes beyond what was asked, and an event or two without a token."""
    rows = made_rows(np.arange(3) * 300.0, tokens=[1, 32, 12])
    rows["output_tokens"] = [300, 32, 10]
    rows["bytes_received"] = 3000
    summary = summary_of(tmp_path, rows, config=base_config(concurrency=3), asked_output=[8])
    assert (summary["total_output_tokens"], summary["output_tokens_from"]) == (342, "usage")
    assert summary["answers"]["usage_contradicted"] == 0


def test_a_tokenizer_that_could_not_count_is_named_with_the_way_out(tmp_path: Path) -> None:
    rows = made_rows([0.0, 1.0])
    rows["output_tokens"] = -1
    summary = summary_of(tmp_path, rows, config=base_config(concurrency=2, tokenizer="some/tokenizer"))
    assert summary["output_tokens_from"] == "events"
    assert "--save-outputs keeps the texts, so that --tokenizer can count their tokens." in said(summary)


def test_finish_reasons_and_the_share_that_was_cut(tmp_path: Path) -> None:
    rows = made_rows(np.zeros(4))
    rows["finish"] = [1, 2, 2, 0]
    rows["done_ns"] += MS
    answers = summary_of(tmp_path, rows, config=base_config(concurrency=4))["answers"]
    assert answers["finish"] == {"none": 1, "stop": 1, "length": 2, "other": 0}
    assert answers["truncated_share"] == 0.5


def test_the_first_token_of_the_answer_comes_after_the_reasoning(tmp_path: Path) -> None:
    rows = made_rows(np.zeros(4), ttft_ms=50, itl_ms=10, tokens=8)
    rows["first_answer_ns"] = rows["first_token_ns"]
    rows["reasoning_events"][:3] = [3, 5, 8]
    rows["first_answer_ns"][:3] += np.array([30, 50, 0]) * MS
    rows["first_answer_ns"][2] = 0
    config = base_config(concurrency=4)
    summary = summary_of(tmp_path, rows, config=config)
    first = summary["answers"]["first_answer_ms"]
    assert (first["count"], summary["answers"]["reasoning_only"]) == (3, 1)
    assert (first["min"], first["mean"], first["max"]) == (50.0, pytest.approx(230 / 3), 100.0)
    rows["reasoning_events"] = 0
    assert summary_of(tmp_path / "none", rows, config=config)["answers"]["first_answer_ms"] is None
