"""Reads a run folder of aisbench from its records, or from its summary.json if the records are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aisbench.analysis.contract.summary_type import plain
from aisbench.analysis.measured import Measured
from aisbench.analysis.summary import summarise
from aisbench.analysis.tokens import each_gaps_ns
from aisbench.metrics import Metric
from aisbench.records.run import Run
from aisbench.studies.comparison.readers.vllm import SCALARS
from aisbench.studies.comparison.result import (
    Habits,
    Sample,
    Setup,
    ToolResult,
    described_figures,
    known,
    number,
)

TOOL = "aisbench"
# With any of these options the rate is not a single number.
_MOVING = ("ramp_up", "rate_steps", "rate_series", "rate_sine", "burst")
_APIS = {"openai": "completions", "openai-chat": "chat", "openai-responses": "responses"}
SAMPLING = ("temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty")


def recognises(content: dict[str, Any]) -> bool:
    """True for summary.json. It has vLLM's keys too, so this must be called before vLLM's `recognises`."""
    return {"fingerprint", "verdict", "metrics", "config"} <= content.keys()


def read_folder(folder: Path) -> ToolResult:
    """The result with all its values. Raises BadInput if `folder` has no readable records."""
    measured = Measured(Run.load(folder))
    summary = plain(summarise(measured))
    ok, tokens = measured.ok, measured.tokens
    order = np.argsort(measured.run.rows["sent_ns"][ok], kind="stable")
    return result_of(
        summary,
        str(folder),
        samples=_samples_of(measured, order),
        input_lens=tokens.prompt[ok][order],
        output_lens=tokens.output[ok][order],
    )


def read_summary(content: dict[str, Any], path: str) -> ToolResult:
    """The figures alone: without its records, a run has no values of single requests."""
    return result_of(content, path, samples={}, input_lens=None, output_lens=None)


def result_of(
    summary: dict[str, Any],
    path: str,
    *,
    samples: dict[str, Sample],
    input_lens: np.ndarray | None,
    output_lens: np.ndarray | None,
) -> ToolResult:
    figures = known({name: summary.get(name) for name in SCALARS})
    for suffix, block in (("", summary.get("metrics")), ("_from_plan", summary.get("from_plan"))):
        for name, values in (block or {}).items():
            key = name.removesuffix("_ms") + suffix
            figures |= known({f"{key}_ms.{kind}": values.get(kind) for kind in ("mean", "median", "p99")})
    for name, sample in samples.items():
        # With --compat vllm these begin where vLLM's client starts its timer; in the summary they begin at the send.
        if sample.is_whole:
            figures |= described_figures(name, sample.values_ms)
    verdict = summary.get("verdict") or {}
    return ToolResult(
        tool=TOOL,
        path=path,
        setup=_setup_of(summary.get("config") or {}, summary),
        habits=habits_of(summary.get("config") or {}, summary),
        figures=figures,
        samples=samples,
        input_lens=input_lens,
        output_lens=output_lens,
        fingerprint=summary.get("fingerprint") or {},
        verdict=verdict.get("status"),
        verdict_reasons=tuple(verdict.get("reasons") or ()),
    )


def _setup_of(config: dict[str, Any], summary: dict[str, Any]) -> Setup:
    backend = str(config.get("backend") or "")
    extra = config.get("extra_body") or {}
    sampling = {name: extra[name] for name in SAMPLING if name in extra}
    if config.get("temperature") is not None:
        sampling["temperature"] = config["temperature"]
    ratio = number(config.get("range_ratio"))
    return Setup(
        model=config.get("model"),
        tokenizer=config.get("tokenizer"),
        api=_APIS.get(backend, backend or None),
        streams=config.get("stream"),
        dataset=config.get("dataset"),
        num_requests=config.get("num_requests") or (summary.get("requests") or {}).get("planned"),
        rate=None if any(config.get(name) for name in _MOVING) else number(config.get("rate")),
        burstiness=number(config.get("burstiness")),
        concurrency=config.get("concurrency"),
        seed=config.get("seed"),
        ignore_eos=config.get("ignore_eos"),
        sampling=sampling,
        length_rule=None
        if ratio is None or config.get("dataset") != "random"
        else "fixed"
        if ratio == 0
        else f"{1 - ratio:g} to {1 + ratio:g} times the set length",
        warmup=config.get("warmup"),
    )


def habits_of(config: dict[str, Any], summary: dict[str, Any]) -> Habits:
    return Habits(
        ttft_at=config.get("ttft_at"),
        origin="slot" if config.get("compat") == "vllm" else "send",
        end="content",
        itl_per="chunk",
        output_tokens=summary.get("output_tokens_from"),
        tells_queue=True,
    )


def _samples_of(measured: Measured, order: np.ndarray) -> dict[str, Sample]:
    """`order` (succeeded requests,): their indices in the order of sending.

    Without --save-token-times single gaps are kept only in a histogram. Each request's mean gap and number of gaps are
    known, so the mean ITL has an interval, but its percentiles have none.
    """
    latencies = measured.vllm_latencies
    found = {}
    for metric in measured.metrics:
        if metric.pooled:
            found[metric.name] = _gaps_of(measured, metric, order)
            continue
        found[metric.name] = Sample.of_requests(latencies[metric.name][order])
        late = latencies.from_plan(metric.name) if metric.from_plan else None
        if late is not None:
            found[metric.plan_name] = Sample.of_requests(late[order])
    return found


def _gaps_of(measured: Measured, metric: Metric, order: np.ndarray) -> Sample:
    """The gaps of a pooled metric; `order` as in `_samples_of`."""
    run, ok = measured.run, measured.ok
    rows = run.selected(ok)
    span_ns = (rows["last_token_ns"] - rows["first_token_ns"])[order]
    # An answer that arrived at one moment shows no time between tokens.
    timed = span_ns > 0
    share = (
        np.ones(len(order)) if metric.spread is None else metric.spread(measured.latencies.requests)[order]
    )
    if measured.gaps_ns is None:
        events = rows["content_events"][order].astype(np.int64)
        return Sample.of_mean_gaps(span_ns / 1e6 / share, np.where(timed, events - 1, 0))
    gaps = [gap / 1e6 for gap, keep in zip(each_gaps_ns(run), ok, strict=True) if keep]
    return Sample.of_gaps(
        [
            gaps[at] / each if shown else gaps[at][:0]
            for at, each, shown in zip(order, share, timed, strict=True)
        ]
    )
