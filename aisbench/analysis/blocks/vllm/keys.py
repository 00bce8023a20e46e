"""The result of `vllm bench serve --save-result`, version 0.32: its keys in its order.

Definitions are vLLM's: statistics in ms, population std, linear percentiles. A statistic of no values is None, as in
summary.json; `as_vllm_writes` replaces it with vLLM's 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict

import numpy as np

from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.analysis.blocks.server import growth, spec_decode
from aisbench.analysis.blocks.vllm.arrays import arrays, pooling_arrays
from aisbench.analysis.blocks.vllm.extras import QUEUE_METRICS, ProbeKeys, probe_keys, queue_metrics
from aisbench.analysis.contract.keys import (
    Count,
    PassableShare,
    Percent,
    RequestRate,
    Requests,
    Seconds,
    TokenRate,
    Tokens,
)
from aisbench.analysis.measured import Measured
from aisbench.analysis.series import NS, peak_per_second
from aisbench.analysis.statistics.figures import Figures, describe, percentile, percentile_name
from aisbench.analysis.tokens import TokenCounts
from aisbench.options.plain import plain_value
from aisbench.records.run import Run


class Identity(TypedDict):
    """What was run."""

    date: Annotated[str | None, "of the start, such as 20261123-140000"]
    endpoint_type: Annotated[str | None, "the backend"]
    backend: str | None
    label: Annotated[str | None, "of --label"]
    model_id: Annotated[str | None, "the model's name"]
    tokenizer_id: Annotated[str | None, "of --tokenizer"]
    num_prompts: Annotated[Requests, "that were requested"]


class AskedLoad(TypedDict):
    """The requested load."""

    request_rate: Annotated[float | Literal["inf"] | None, "requests/s; inf in a closed loop"]
    burstiness: Annotated[float | Literal["inf"] | None, "shape of the gamma law of gaps; 1 is Poisson"]
    max_concurrency: Annotated[Requests | None, "the in-flight limit; null if there is none"]


class RampKeys(TypedDict, total=False):
    """Keys of --ramp-up."""

    ramp_up_strategy: str
    ramp_up_start_rps: RequestRate | None
    ramp_up_end_rps: RequestRate | None


class Totals(TypedDict):
    """Totals of the whole run."""

    duration: Annotated[Seconds, "from the start to the end of the last answer"]
    completed: Annotated[Requests, "that succeeded"]
    failed: Requests
    total_input_tokens: Annotated[Tokens, "of the successful requests"]
    total_output_tokens: Annotated[Tokens, "of the successful requests"]
    request_throughput: Annotated[RequestRate, "successful requests over `duration`"]
    request_goodput: Annotated[
        RequestRate | None, "requests that meet every bound of --goodput; null without it"
    ]
    output_throughput: TokenRate
    total_token_throughput: Annotated[TokenRate, "input and output"]


class PoolingKeys(TypedDict, total=False):
    """Keys of answers that were not generated, such as embeddings."""

    total_input_sequences: Annotated[Count, "inputs; a request may have several"]
    input_sequence_throughput: Annotated[float, "inputs per second"]


class Peaks(TypedDict):
    """Peaks over whole seconds from the first successful send."""

    max_output_tokens_per_s: Annotated[TokenRate, "in the busiest second"]
    max_concurrent_requests: Annotated[Requests, "the most requests that touch the same second"]
    rtfx: Annotated[float, "always 0: only audio has it"]


class SpecDecodeKeys(TypedDict, total=False):
    """As in `server.spec_decode`, if the servers report it."""

    spec_decode_acceptance_rate: Percent
    spec_decode_acceptance_length: float
    spec_decode_num_drafts: Count
    spec_decode_draft_tokens: Tokens
    spec_decode_accepted_tokens: Tokens
    spec_decode_per_position_acceptance_rates: list[PassableShare]


class VllmKeys(Identity, AskedLoad, RampKeys, Totals, PoolingKeys, Peaks, ProbeKeys, SpecDecodeKeys):
    """The keys of `vllm bench serve`, by its definitions."""


# The metrics that vLLM shows by default.
_UNASKED = ("ttft", "tpot", "itl")


def vllm_result(measured: Measured) -> dict[str, Any]:
    """The content of vllm.json. Answers that were not generated have the keys of vLLM's pooling runs."""
    run, tokens, latencies = measured.run, measured.tokens, measured.vllm_latencies
    config = run.config
    result: dict[str, Any] = identity(run)
    if not run.generates:
        result |= _pooling_totals(run, tokens) | pooling_arrays(run, tokens)
        return result | _statistics_keys("e2el", describe(latencies["e2el"], percents(run)), percents(run))
    goodput = config.goodput
    result |= _totals(run, tokens, latencies.meeting(goodput) if goodput else None)
    result |= arrays(run, tokens, config.save_detailed)
    result |= {**peaks(measured), **probe_keys(run)}
    drafted = spec_decode(growth(measured.server_samples))
    result |= {f"spec_decode_{name}": value for name, value in (drafted or {}).items()}
    wanted = config.percentile_metrics or _UNASKED
    for metric in measured.metrics:
        # Without streaming, all metrics that there are, whatever --percentile-metrics says.
        if metric.name in wanted or (not run.streams and metric.headline):
            figures = measured.figures(metric, percents(run), latencies)
            result |= _statistics_keys(metric.name, figures, percents(run))
    for name, values in queue_metrics(run, latencies).items() if set(wanted) & set(QUEUE_METRICS) else ():
        if name in wanted:
            result |= _statistics_keys(name, describe(values, percents(run)), percents(run))
    return result


def as_vllm_writes(result: dict[str, Any]) -> dict[str, Any]:
    """`result` as vLLM writes it: with 0 for what was not measured, because readers expect a number."""
    return {name: 0.0 if value is None and name.endswith("_ms") else value for name, value in result.items()}


def percents(run: Run) -> Sequence[float]:
    return run.config.percentiles or (99.0,)


def identity(run: Run) -> dict[str, Any]:
    """The first keys of the result: what was run, and the requested load."""
    config = run.config
    who: Identity = {
        "date": _vllm_date(run.info.get("date")),
        "endpoint_type": config.backend,
        "backend": config.backend,
        "label": config.label,
        "model_id": config.model,
        "tokenizer_id": config.tokenizer,
        "num_prompts": config.num_requests or run.info.get("planned_requests") or len(run.rows),
    }
    asked: AskedLoad = {
        "request_rate": plain_value(config.rate_rps),
        "burstiness": plain_value(config.burstiness),
        "max_concurrency": config.concurrency,
    }
    result: dict[str, Any] = {**who, **config.metadata, **asked}
    if config.ramp_up is not None:
        keys: RampKeys = {
            "ramp_up_strategy": config.ramp_up,
            "ramp_up_start_rps": config.ramp_from,
            "ramp_up_end_rps": config.ramp_to,
        }
        result |= keys
    return result


class OwnTotals(Totals, Peaks):
    """Totals and peaks that every summary has, even if vLLM's result of that kind lacks them."""


def own_totals(measured: Measured) -> OwnTotals:
    """The totals and peaks of any run."""
    return {**_totals(measured.run, measured.tokens, None), **peaks(measured)}


def _pooling_totals(run: Run, tokens: TokenCounts) -> dict[str, Any]:
    found = _totals(run, tokens, None)
    sequences = round((run.info.get("inputs_per_request") or 1) * found["completed"])
    seconds = found["duration"]
    return {
        "duration": seconds,
        "completed": found["completed"],
        "total_input_tokens": found["total_input_tokens"],
        "total_input_sequences": sequences,
        "request_throughput": found["request_throughput"],
        "input_sequence_throughput": sequences / seconds if seconds > 0 else 0.0,
        "total_token_throughput": found["total_token_throughput"],
    }


def _vllm_date(iso: str | None) -> str | None:
    """An ISO time in vLLM's format, such as 20261123-140000."""
    return datetime.fromisoformat(iso).strftime("%Y%m%d-%H%M%S") if iso else None


def _totals(run: Run, tokens: TokenCounts, good: int | None) -> Totals:
    duration_s = run.duration_ns / 1e9
    completed = int(run.has_status("ok").sum())
    prompt, output = int(tokens.prompt.sum()), int(tokens.output.sum())

    def per_second(count: int) -> float:
        return count / duration_s if duration_s > 0 else 0.0

    return {
        "duration": duration_s,
        "completed": completed,
        "failed": int(run.has_status("failed").sum()),
        "total_input_tokens": prompt,
        "total_output_tokens": output,
        "request_throughput": per_second(completed),
        "request_goodput": None if good is None else per_second(good),
        "output_throughput": per_second(output),
        "total_token_throughput": per_second(prompt + output),
    }


def peaks(measured: Measured) -> Peaks:
    """The most output tokens, and the most requests that touch it, in a whole second from the first successful send."""
    run = measured.run
    rows = run.selected(measured.ok)
    most, concurrent = 0.0, 0
    if len(rows):
        sent_ns = rows[run.sends_from]
        first_ns = int(sent_ns.min())
        skipped = max(0, (first_ns - run.start_ns) // FLOW_BUCKET_NS)
        most = peak_per_second(measured.flow[skipped:])
        begin = (sent_ns - first_ns) // NS
        # A request that ends exactly when a second begins does not touch it.
        end = np.maximum(-(-(rows["last_token_ns"] - first_ns) // NS), begin + 1)
        steps = np.bincount(begin, minlength=int(end.max()) + 1) - np.bincount(
            end, minlength=int(end.max()) + 1
        )
        concurrent = int(np.cumsum(steps).max())
    return {"max_output_tokens_per_s": most, "max_concurrent_requests": concurrent, "rtfx": 0.0}


def _statistics_keys(name: str, figures: Figures, wanted: Iterable[float]) -> dict[str, float | None]:
    """vLLM's keys of a metric's statistics, ms."""
    return {
        f"mean_{name}_ms": figures["mean"],
        f"median_{name}_ms": figures["median"],
        f"std_{name}_ms": figures["std"],
        **{f"{percentile_name(percent)}_{name}_ms": percentile(figures, percent) for percent in wanted},
    }
