"""Results made of known values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from aisbench.studies.comparison.readers import (
    aiperf,
    aisbench,
    guidellm,
    sglang,
    vllm,
)
from aisbench.studies.comparison.result import Habits, Sample, Setup, ToolResult, described_figures

AISBENCH = Habits(
    ttft_at="content", origin="send", end="content", itl_per="chunk", output_tokens="usage", tells_queue=True
)
HABITS = {
    aisbench.TOOL: AISBENCH,
    vllm.TOOL: vllm.HABITS,
    sglang.TOOL: sglang.habits_of("sglang-oai-chat"),
    aiperf.TOOL: aiperf.habits_of({}),
    guidellm.TOOL: guidellm.HABITS,
}


def made(
    tool: str = "aisbench",
    *,
    requests: int = 1000,
    ttft: float = 50.0,
    seed: int = 0,
    figures: dict[str, float] | None = None,
    setup: dict[str, Any] | None = None,
    data: bool = True,
    **others: Any,
) -> ToolResult:
    """TTFT normal about `ttft` ms, 5 wide; 100 tokens in and 20 out a request; closed loop of 8, chat."""
    values = np.random.default_rng(seed).normal(ttft, 5, requests)
    totals = {
        "completed": float(requests),
        "failed": 0.0,
        "total_input_tokens": 100.0 * requests,
        "total_output_tokens": 20.0 * requests,
        "duration": 10.0,
        "request_throughput": requests / 10,
        "output_throughput": 2.0 * requests,
    }
    asked: dict[str, Any] = {
        "model": "m",
        "api": "chat",
        "rate": math.inf,
        "concurrency": 8,
        "num_requests": requests,
    }
    return ToolResult(
        tool=tool,
        path=others.pop("path", f"{tool}-{seed}"),
        setup=Setup(**(asked | (setup or {}))),
        habits=others.pop("habits", HABITS[tool]),
        figures=totals | described_figures("ttft", values) | (figures or {}),
        samples={"ttft": Sample.of_requests(values)} if data else {},
        **others,
    )
