"""Reads GuideLLM's report (`benchmarks.json`, schema 2 of GuideLLM 0.8): a list of benchmarks, each of them one run.

Fields: guidellm/benchmark/schemas/{report,benchmark,metrics}.py and schemas/base/request_stats.py. Distributions are
under `successful`, with `mean`, `median` and `percentiles`. `request_latency` is in seconds; names that end in `_ms`
are in ms. `inter_token_latency_ms` of a request is its mean gap (last minus first token, over tokens - 1), which other
tools call TPOT; GuideLLM's `time_per_output_token_ms` includes TTFT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.studies.comparison.readers.aiperf import part
from aisbench.studies.comparison.result import Habits, Sample, Setup, ToolResult, known, number

TOOL = "GuideLLM"
# By our name: GuideLLM's metric, and the factor that converts it to ms.
LATENCIES = {
    "ttft": ("time_to_first_token_ms", 1.0),
    "tpot": ("inter_token_latency_ms", 1.0),
    "e2el": ("request_latency", 1e3),
}
_RATES = {
    "request_throughput": "requests_per_second",
    "output_throughput": "output_tokens_per_second",
    "total_token_throughput": "tokens_per_second",
}
# GuideLLM moves a request's start to the moment when its HTTP client begins to send (a trace event of httpcore).
HABITS = Habits(ttft_at="content", origin="send", end="done", itl_per="request", output_tokens="usage")


def recognises(content: dict[str, Any]) -> bool:
    found = content.get("benchmarks")
    return isinstance(found, list) and all(isinstance(one, dict) and "metrics" in one for one in found)


def read(content: dict[str, Any], path: str) -> list[ToolResult]:
    """One result for each benchmark of the report."""
    found = content["benchmarks"]
    names = [path if len(found) == 1 else f"{path}#{at + 1}" for at in range(len(found))]
    return [_read_benchmark(one, content, name) for one, name in zip(found, names, strict=True)]


def _read_benchmark(benchmark: dict[str, Any], report: dict[str, Any], path: str) -> ToolResult:
    metrics = part(benchmark, "metrics")
    totals = part(metrics, "request_totals")
    incomplete = number(totals.get("incomplete")) or 0.0
    figures = known(
        {
            "duration": benchmark.get("duration"),
            "completed": totals.get("successful"),
            "failed": totals.get("errored"),
            "total_input_tokens": _successful(metrics, "prompt_token_count").get("total_sum"),
            "total_output_tokens": _successful(metrics, "output_token_count").get("total_sum"),
        }
    )
    figures |= known({ours: _successful(metrics, name).get("mean") for ours, name in _RATES.items()})
    for ours, (name, factor) in LATENCIES.items():
        summary = _successful(metrics, name)
        values = {
            "mean": summary.get("mean"),
            "median": summary.get("median"),
            "p99": part(summary, "percentiles").get("p99"),
        }
        found = known({f"{ours}_ms.{kind}": value for kind, value in values.items()})
        figures |= {key: value * factor for key, value in found.items()}
    requests = _requests_of(benchmark, int(figures.get("completed", -1)))
    return ToolResult(
        tool=TOOL,
        path=path,
        setup=_setup_of(benchmark, report),
        habits=HABITS,
        figures=figures,
        samples={
            ours: Sample.of_requests(column(requests, name) * factor)
            for ours, (name, factor) in LATENCIES.items()
            if requests
        },
        input_lens=lengths(requests, "prompt_tokens"),
        output_lens=lengths(requests, "output_tokens"),
        notes=(f"{incomplete:.0f} requests were cut off at the end of the run",) if incomplete else (),
    )


def _successful(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    return part(part(metrics, name), "successful")


def _requests_of(benchmark: dict[str, Any], completed: int) -> list[dict[str, Any]]:
    """The succeeded requests, in the order in which they began; empty if the report keeps only some of them."""
    found = part(benchmark, "requests").get("successful")
    if not isinstance(found, list) or len(found) != completed:
        return []
    kept = [request for request in found if isinstance(request, dict)]
    return sorted(kept, key=lambda request: number(request.get("request_start_time")) or 0.0)


def column(requests: list[dict[str, Any]], name: str) -> NDArray[np.float64]:
    """A field of each request, shape (requests,); NaN if a request lacks it."""
    found = [number(request.get(name)) for request in requests]
    return np.array([np.nan if value is None else value for value in found], np.float64)


def lengths(requests: list[dict[str, Any]], name: str) -> NDArray[np.int64] | None:
    values = column(requests, name)
    return values.astype(np.int64) if len(values) and np.all(np.isfinite(values)) else None


def _setup_of(benchmark: dict[str, Any], report: dict[str, Any]) -> Setup:
    asked = part(benchmark, "config")
    strategy = part(asked, "strategy")
    backend = part(asked, "backend") or part(part(report, "config"), "backend")
    kind = str(strategy.get("type_") or "")
    limit = number(strategy.get("streams", strategy.get("max_concurrency")))
    rate = number(strategy.get("rate"))
    bound = part(part(asked, "constraints"), "max_requests")
    requests = number(part(bound, "args").get("max_num", bound.get("max_num")))
    form = str(backend.get("request_format") or "")
    return Setup(
        model=backend.get("model"),
        api="chat" if "chat" in form else "completions" if "completions" in form else form or None,
        num_requests=None if requests is None else int(requests),
        rate=rate if kind in ("constant", "poisson") else float("inf") if kind else None,
        burstiness={"poisson": 1.0, "constant": float("inf")}.get(kind),
        concurrency=1 if kind == "synchronous" else None if limit is None else int(limit),
    )
