"""Reads AIPerf's `profile_export_aiperf.json` (schema 1.4 of AIPerf 0.13, and older ones of the same shape).

Each metric is {"unit", "avg", "p50", "p99", ...}: aiperf/common/models/export_models.py. The file has no values of
single requests. `input_config` holds the settings: since 0.13 in `models`, `endpoint` and `phases`, before that in
`endpoint.model_names` and `loadgen`.
"""

from __future__ import annotations

from typing import Any

from aisbench.studies.comparison.result import Habits, Setup, ToolResult, known, number

TOOL = "AIPerf"
_LATENCY_TAGS = {
    "ttft": "time_to_first_token",
    # Its inter-token latency is one mean gap per request, which other tools call TPOT.
    "tpot": "inter_token_latency",
    "itl": "inter_chunk_latency",
    "e2el": "request_latency",
}
_SCALAR_TAGS = {
    "duration": "benchmark_duration",
    "completed": "request_count",
    "failed": "error_request_count",
    "total_input_tokens": "total_isl",
    "total_output_tokens": "total_osl",
    "request_throughput": "request_throughput",
    "output_throughput": "output_token_throughput",
    "total_token_throughput": "total_token_throughput",
}
STATISTICS = {"mean": "avg", "median": "p50", "p99": "p99"}
MS = {"ms": 1.0, "s": 1e3, "sec": 1e3, "us": 1e-3, "ns": 1e-6}
SECONDS = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "us": 1e-6, "ns": 1e-9}


def recognises(content: dict[str, Any]) -> bool:
    metrics = (content.get("request_latency"), content.get("request_throughput"))
    return any(isinstance(metric, dict) and "unit" in metric for metric in metrics)


def read(content: dict[str, Any], path: str) -> ToolResult:
    figures: dict[str, float] = {}
    for name, tag in _SCALAR_TAGS.items():
        metric = part(content, tag)
        factor = SECONDS.get(str(metric.get("unit")), 1.0) if name == "duration" else 1.0
        figures |= {key: value * factor for key, value in known({name: metric.get("avg")}).items()}
    for name, tag in _LATENCY_TAGS.items():
        metric = part(content, tag)
        factor = MS.get(str(metric.get("unit")), 1.0)
        found = known({f"{name}_ms.{ours}": metric.get(theirs) for ours, theirs in STATISTICS.items()})
        figures |= {key: value * factor for key, value in found.items()}
    if "completed" in figures:
        # AIPerf leaves the tag out if nothing failed.
        figures.setdefault("failed", 0.0)
    complaints = [text for flag, text in _COMPLAINTS if content.get(flag[0]) is flag[1]]
    return ToolResult(
        tool=TOOL,
        path=path,
        setup=_setup_of(content),
        habits=habits_of(part(part(content, "input_config"), "endpoint")),
        figures=figures,
        notes=tuple(complaints),
    )


def habits_of(endpoint: dict[str, Any]) -> Habits:
    """AIPerf counts output tokens with its own tokenizer unless use_server_token_count is set."""
    by_server = endpoint.get("use_server_token_count") is True
    return Habits(
        ttft_at="content",
        origin="slot",
        end="content",
        itl_per="chunk",
        output_tokens="usage" if by_server else "tokenizer",
    )


_COMPLAINTS = (
    (("was_cancelled", True), "AIPerf says that the run was cancelled"),
    (("is_complete", False), "AIPerf says that the run is not complete"),
)


def part(content: dict[str, Any], name: str) -> dict[str, Any]:
    """The object under `name`; empty if there is none."""
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _setup_of(content: dict[str, Any]) -> Setup:
    asked = part(content, "input_config")
    endpoint, loadgen = part(asked, "endpoint"), part(asked, "loadgen")
    phases = asked.get("phases")
    phases = [phase for phase in phases if isinstance(phase, dict)] if isinstance(phases, list) else []
    measured: dict[str, Any] = next((p for p in phases if p.get("kind", p.get("name")) != "warmup"), {})
    warmup: dict[str, Any] = next((p for p in phases if p.get("kind", p.get("name")) == "warmup"), {})
    rate = number(measured.get("rate", loadgen.get("request_rate")))
    limit = number(measured.get("concurrency", loadgen.get("concurrency")))
    requests = number(measured.get("requests", loadgen.get("request_count")))
    warmups = number(warmup.get("requests", loadgen.get("warmup_request_count")))
    return Setup(
        model=_model_of(asked),
        api=endpoint.get("type"),
        streams=endpoint.get("streaming") if isinstance(endpoint.get("streaming"), bool) else None,
        num_requests=None if requests is None else int(requests),
        rate=rate if rate is not None else float("inf") if limit is not None else None,
        concurrency=None if limit is None else int(limit),
        seed=int(seed) if (seed := number(part(asked, "input").get("random_seed"))) is not None else None,
        warmup=None if warmups is None else int(warmups),
    )


def _model_of(asked: dict[str, Any]) -> str | None:
    items = part(asked, "models").get("items")
    if isinstance(items, list) and items and isinstance(items[0], dict):
        return items[0].get("name")
    names = part(asked, "endpoint").get("model_names")
    return str(names[0]) if isinstance(names, list) and names else None
