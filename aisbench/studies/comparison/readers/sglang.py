"""Reads results of sglang's serving benchmark (`python -m sglang.benchmark.serving`, 0.5.23): one run per JSON line.

Keys and their meaning: sglang/benchmark/serving.py. Per-request arrays are in seconds, and only there with
--output-details. `errors` holds an empty string for a request that succeeded; there is no array of latencies.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aisbench.studies.comparison.readers.vllm import seconds
from aisbench.studies.comparison.result import (
    Habits,
    Sample,
    Setup,
    ToolResult,
    known,
    number,
)

TOOL = "sglang bench_serving"
SCALARS = (
    "duration",
    "completed",
    "total_input_tokens",
    "total_output_tokens",
    "request_throughput",
    "output_throughput",
)
NAMES = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "e2el": "e2e_latency"}


def recognises(content: dict[str, Any]) -> bool:
    return "request_throughput" in content and "mean_e2e_latency_ms" in content


def read(content: dict[str, Any], path: str) -> ToolResult:
    figures = known({name: content.get(name) for name in SCALARS})
    figures |= known({"total_token_throughput": content.get("total_throughput")})
    for name, theirs in NAMES.items():
        figures |= known(
            {f"{name}_ms.{kind}": content.get(f"{kind}_{theirs}_ms") for kind in ("mean", "median", "p99")}
        )
    errors = content.get("errors")
    good = [not error for error in errors] if isinstance(errors, list) else []
    if good:
        figures["failed"] = float(len(good) - sum(good))
    return ToolResult(
        tool=TOOL,
        path=path,
        setup=_setup_of(content, len(good) or None),
        habits=habits_of(str(content.get("backend") or "")),
        figures=figures,
        samples=_samples_of(content, good),
        input_lens=_picked_lengths(content, "input_lens", good),
        output_lens=_picked_lengths(content, "output_lens", good),
    )


def habits_of(backend: str) -> Habits:
    """Every request opens a new session, and so a new connection; it ends with the last line, [DONE] included.

    On sglang's own /generate a gap is divided by the tokens that arrived after it.
    """
    return Habits(
        ttft_at="content",
        origin="connection",
        end="done",
        itl_per="token" if backend in ("sglang", "sglang-native") else "chunk",
        output_tokens="usage",
    )


def _setup_of(content: dict[str, Any], requests: int | None) -> Setup:
    backend = str(content.get("backend") or "")
    ratio = number(content.get("random_range_ratio"))
    dataset = content.get("dataset_name")
    limit = number(content.get("max_concurrency"))
    info = content.get("server_info")
    native = backend in ("sglang", "sglang-native")
    return Setup(
        model=info.get("model_path") if isinstance(info, dict) else None,
        api="generate" if native else "chat" if "chat" in backend else "completions",
        dataset=dataset,
        num_requests=requests,
        rate=number(content.get("request_rate")),
        burstiness=1.0,
        concurrency=None if limit is None else int(limit),
        length_rule=None
        if ratio is None or not str(dataset).startswith("random")
        else "fixed"
        if ratio == 1
        else f"{ratio:g} to 1 times the set length",
    )


def _picked_lengths(content: dict[str, Any], name: str, good: list[bool]) -> np.ndarray | None:
    values = seconds(content.get(name))
    return values[np.array(good)].astype(np.int64) if good and len(values) == len(good) else None


def _samples_of(content: dict[str, Any], good: list[bool]) -> dict[str, Sample]:
    """TTFT and ITL. The result does not contain when a request ended, so E2EL and TPOT have no sample."""
    found: dict[str, Sample] = {}
    ttft, itls = seconds(content.get("ttfts")), content.get("itls")
    if good and len(ttft) == len(good):
        found["ttft"] = Sample.of_requests(ttft[np.array(good)] * 1e3)
    if good and isinstance(itls, list) and len(itls) == len(good):
        found["itl"] = Sample.of_gaps(
            [np.asarray(gaps, np.float64) * 1e3 for gaps, ok in zip(itls, good, strict=True) if ok]
        )
    return found
