"""The console's table is vLLM's, character for character; below it stands what vLLM does not tell."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.text.console import print_result, render, vllm_table
from tests.analysis.made_runs import base_config, fail, made_rows, write_run
from tests.analysis.summaries import summarise


def summary_of(folder: Path) -> dict[str, Any]:
    return summarise(Measured(Run.load(folder)))


def closed_rows() -> np.ndarray:
    """Four requests one after the other, each 120 ms to its last token and 0.5 ms more to its end."""
    return made_rows(np.zeros(4), lag_ms=np.arange(4) * 120.5, ttft_ms=50, itl_ms=10, tokens=8)


def test_the_table_is_vllms(tmp_path: Path) -> None:
    config = base_config(concurrency=1, percentiles=[99], goodput={"ttft": 60.0})
    summary = summary_of(write_run(tmp_path / "run", closed_rows(), config=config))
    assert vllm_table(summary, [99]) == "\n".join(
        [
            "============ Serving Benchmark Result ============",
            "Successful requests:                     4         ",
            "Failed requests:                         0         ",
            "Maximum request concurrency:             1         ",
            "Benchmark duration (s):                  0.48      ",
            "Total input tokens:                      400       ",
            "Total generated tokens:                  32        ",
            "Request throughput (req/s):              8.30      ",
            "Request goodput (req/s):                 8.30      ",
            "Output token throughput (tok/s):         66.39     ",
            "Peak output token throughput (tok/s):    32.00     ",
            "Peak concurrent requests:                4.00      ",
            "Total token throughput (tok/s):          896.27    ",
            "---------------Time to First Token----------------",
            "Mean TTFT (ms):                          50.00     ",
            "Median TTFT (ms):                        50.00     ",
            "P99 TTFT (ms):                           50.00     ",
            "-----Time per Output Token (excl. 1st token)------",
            "Mean TPOT (ms):                          10.00     ",
            "Median TPOT (ms):                        10.00     ",
            "P99 TPOT (ms):                           10.00     ",
            "---------------Inter-token Latency----------------",
            "Mean ITL (ms):                           10.00     ",
            "Median ITL (ms):                         10.00     ",
            "P99 ITL (ms):                            10.00     ",
            "==================================================",
        ]
    )


def test_rate_and_e2el_stand_in_the_table_when_asked_for(tmp_path: Path) -> None:
    config = base_config(rate=50.0, arrival="poisson", percentile_metrics=["e2el"], percentiles=[99.9])
    table = vllm_table(summary_of(write_run(tmp_path / "run", made_rows([0.0]), config=config)), [99.9])
    assert "Request rate configured (RPS):           50.00     " in table
    assert "----------------End-to-end Latency----------------" in table
    assert "P99.9 E2EL (ms):                         120.00    " in table
    assert "TTFT" not in table


def test_what_vllm_does_not_tell(tmp_path: Path) -> None:
    rows = made_rows(np.arange(0.0, 1000.0, 10.0), lag_ms=2.0)
    fail(rows, [5, 6, 7], "http_status", http_status=500)
    fail(rows, 8, "timeout")
    samples = [{"kind": "http_500", "http_status": 500, "slot": 5, "message": "out of\n memory"}]
    config = base_config(rate=100.0, arrival="constant")
    folder = write_run(tmp_path / "run", rows, config=config, error_samples=samples, workers=2)
    text = render(summary_of(folder), [99.0], Path("there/report.html"))
    for line in (
        "TTFT from plan (ms) mean 52.00, p50 52.00, p90 52.00, p99 52.00",
        "Schedule lag (ms)   p50 2.000, p99 2.000, max 2.000",
        "Mean TTFT within    49.98 to 50.00 ms",
        "Client CPU          30 %, 30 % of a core per worker",
        "Error http_500             3  e.g. out of memory",
        "Error timeout              1",
        "Verdict: doubtful",
        "  - 4.00 % of the requests failed (4); a run is doubtful above 1 %.",
        "Report: there/report.html",
    ):
        assert any(found.startswith(line) for found in text.splitlines()), f"{line!r} not in\n{text}"


def test_peak_concurrent_requests_stand_beside_the_peak_in_flight(tmp_path: Path) -> None:
    """One at a time, four in one second: vLLM counts four."""
    config = base_config(concurrency=1)
    text = render(summary_of(write_run(tmp_path / "run", closed_rows(), config=config)), [99.0])
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("In flight "))
    assert lines[at].endswith("peak 1 (limit 1)")
    assert lines[at + 1] == (
        "Peak concurrent     4 active within one second, which is vLLM's count; at most 1 were in flight at one moment"
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal(tmp_path: Path) -> None:
    summary = summary_of(write_run(tmp_path / "run", closed_rows()))
    plain, terminal = io.StringIO(), Terminal()
    print_result(summary, [99.0], file=plain)
    print_result(summary, [99.0], file=terminal)
    assert "\x1b" not in plain.getvalue()
    assert "Verdict: valid" in plain.getvalue()
    assert "Mean TTFT (ms):                          50.00     " in terminal.getvalue()


def test_a_run_without_any_success_is_shown(tmp_path: Path) -> None:
    text = render(summary_of(write_run(tmp_path / "run", made_rows([]))), [99.0])
    assert "Verdict: invalid" in text
    assert "Mean TTFT (ms):                          -         " in text


def test_what_was_not_measured_is_a_dash(tmp_path: Path) -> None:
    rows = closed_rows()
    rows["last_token_ns"] = rows["first_token_ns"]
    rows["content_events"] = 1
    text = render(summary_of(write_run(tmp_path / "run", rows)), [99.0])
    for line in ("Mean TPOT (ms):                          -         ", "P99 ITL (ms):  "):
        assert line in text
    assert "Mean TTFT (ms):                          50.00     " in text
    assert "Finish reasons      length 4 (100.0 % ended by the token limit)" in text


def test_events_of_several_tokens_are_named(tmp_path: Path) -> None:
    rows = closed_rows()
    rows["output_tokens"] = 16
    text = render(summary_of(write_run(tmp_path / "run", rows)), [99.0])
    assert "ITL per event       2.00 tokens per event, so this is not the time between tokens" in text
    assert "Peak output token throughput (tok/s):    64.00     " in text
