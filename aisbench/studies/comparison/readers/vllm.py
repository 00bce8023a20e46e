"""Reads results of `vllm bench serve --save-result`, version 0.32 and similar: one JSON object, or one per line.

Keys and their meaning: vllm/benchmarks/serve.py. Arrays are in seconds and have an entry for every request, including
failed ones; statistics are in ms. `latencies` and `queue_times` are in every result, the other arrays only with
--save-detailed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.studies.comparison.result import (
    Habits,
    Sample,
    Setup,
    ToolResult,
    described_figures,
    known,
    number,
)

TOOL = "vllm bench serve"
# The Rust client of the same name writes the same keys, but the date in ISO format.
_RUST_TOOL = "vllm bench serve (Rust)"
SCALARS = (
    "duration",
    "completed",
    "failed",
    "total_input_tokens",
    "total_output_tokens",
    "request_throughput",
    "output_throughput",
    "total_token_throughput",
)
# The timer starts before aiohttp finds a connection. Every event with choices counts as a token, even without text.
HABITS = Habits(
    ttft_at="first-chunk",
    origin="slot",
    end="content",
    itl_per="chunk",
    output_tokens="usage",
    tells_queue=True,
)


def recognises(content: dict[str, Any]) -> bool:
    return (
        "request_throughput" in content and {"endpoint_type", "num_prompts", "burstiness"} <= content.keys()
    )


def read(content: dict[str, Any], path: str) -> ToolResult:
    arrays = _Arrays(content)
    figures = known({name: content.get(name) for name in SCALARS})
    for name in ("ttft", "tpot", "itl", "e2el"):
        figures |= known(
            {f"{name}_ms.{kind}": content.get(f"{kind}_{name}_ms") for kind in ("mean", "median", "p99")}
        )
    setup = _setup_of(content)
    samples = arrays.samples(
        planned=setup.rate is not None and math.isfinite(setup.rate) and setup.concurrency is not None
    )
    for name, sample in samples.items():
        if sample.is_whole:
            figures = described_figures(name, sample.values_ms) | figures
    if "failed" not in figures and "completed" in figures and setup.num_requests is not None:
        figures["failed"] = setup.num_requests - figures["completed"]
    return ToolResult(
        tool=_RUST_TOOL if "T" in str(content.get("date")) else TOOL,
        path=path,
        setup=setup,
        habits=replace(HABITS, tells_queue="queue_times" in content),
        figures=figures,
        samples=samples,
        input_lens=arrays.lengths("input_lens"),
        output_lens=arrays.lengths("output_lens"),
    )


def _setup_of(content: dict[str, Any]) -> Setup:
    kind = str(content.get("endpoint_type") or content.get("backend") or "")
    limit = number(content.get("max_concurrency"))
    ramp = content.get("ramp_up_strategy")
    return Setup(
        model=content.get("model_id"),
        tokenizer=content.get("tokenizer_id"),
        api="chat" if "chat" in kind else "responses" if "responses" in kind else "completions",
        streams=True,
        num_requests=int(content["num_prompts"]),
        rate=None if ramp else number(content.get("request_rate")),
        burstiness=number(content.get("burstiness")),
        concurrency=None if limit is None else int(limit),
    )


class _Arrays:
    """The per-request arrays of the succeeded requests, in the order in which they began."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        latencies = seconds(content.get("latencies"))
        errors = content.get("errors")
        self.length = len(latencies)
        ok = latencies > 0
        if isinstance(errors, list) and len(errors) == self.length:
            ok &= np.array([not error for error in errors], np.bool_)
        starts = seconds(content.get("start_times"))
        picked = np.flatnonzero(ok)
        self.order = (
            picked[np.argsort(starts[picked], kind="stable")] if len(starts) == self.length else picked
        )

    def of(self, name: str) -> NDArray[np.float64] | None:
        """The array `name` (succeeded requests,), in order; None if the result has none of the right length."""
        values = seconds(self.content.get(name))
        return values[self.order] if len(values) == self.length and self.length else None

    def lengths(self, name: str) -> NDArray[np.int64] | None:
        values = self.of(name)
        return None if values is None else values.astype(np.int64)

    def samples(self, *, planned: bool) -> dict[str, Sample]:
        """By metric. `planned`: there was a rate and an in-flight limit, so requests may have waited in the client."""
        found: dict[str, Sample] = {}
        latency, ttft, queue = self.of("latencies"), self.of("ttfts"), self.of("queue_times")
        if latency is None:
            return found
        found["e2el"] = Sample.of_requests(latency * 1e3)
        if planned and queue is not None:
            found["e2el_from_plan"] = Sample.of_requests((latency + queue) * 1e3)
        if ttft is None:
            return found
        found["ttft"] = Sample.of_requests(ttft * 1e3)
        if planned and queue is not None:
            found["ttft_from_plan"] = Sample.of_requests((ttft + queue) * 1e3)
        output = self.of("output_lens")
        if output is not None:
            several = np.where(output > 1, output - 1, np.nan)
            found["tpot"] = Sample.of_requests((latency - ttft) * 1e3 / several)
        itls = self.content.get("itls")
        if isinstance(itls, list) and len(itls) == self.length:
            found["itl"] = Sample.of_gaps([np.asarray(itls[at], np.float64) * 1e3 for at in self.order])
        return found


def seconds(values: Any) -> NDArray[np.float64]:
    """A flat list of numbers as an array; empty for anything else."""
    if not isinstance(values, list) or not all(isinstance(value, (int, float)) for value in values):
        return np.empty(0)
    return np.array(values, np.float64)
