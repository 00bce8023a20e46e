"""Computes summary.json from a run's records."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from aisbench.analysis.accuracy import accuracy_block
from aisbench.analysis.blocks.answer_facts import answers_block, reasoning_block
from aisbench.analysis.blocks.client import client_block, clock_of
from aisbench.analysis.blocks.counts import (
    errors_block,
    goodput_block,
    in_flight_block,
    peaks_block,
    requests_block,
)
from aisbench.analysis.blocks.devices import devices_block
from aisbench.analysis.blocks.groups import endpoints_block, turns_block
from aisbench.analysis.blocks.keeping_up import keeping_up
from aisbench.analysis.blocks.lengths import lengths_block
from aisbench.analysis.blocks.per_request import per_request_block, per_user_block
from aisbench.analysis.blocks.prefix_cache import prefix_cache_block
from aisbench.analysis.blocks.server import server_block, server_notes
from aisbench.analysis.blocks.slices import slices_block
from aisbench.analysis.blocks.stable_stage import stable_block
from aisbench.analysis.blocks.vllm.arrays import REQUEST_ARRAYS
from aisbench.analysis.blocks.vllm.keys import own_totals, vllm_result
from aisbench.analysis.contract.summary_type import Outcome, OwnBlocks, Summary
from aisbench.analysis.measured import Measured
from aisbench.analysis.nodes.block import nodes_block
from aisbench.analysis.run_facts import error_samples, fingerprint_block, host_block, limits_block
from aisbench.analysis.sending import arrivals_block, lag_block
from aisbench.analysis.sessions.block import sessions_block
from aisbench.analysis.sessions.cached_share import cached_share_block
from aisbench.analysis.statistics.figures import Figures, describe
from aisbench.analysis.statistics.intervals import percentile_intervals
from aisbench.analysis.timed import timed_block
from aisbench.analysis.verdict.judge import judge
from aisbench.analysis.verdict.judge_answers import judge_answers
from aisbench.analysis.verdict.judge_load import judge_keeping_up, judge_machine_limit, judge_refusals
from aisbench.analysis.verdict.verdict import Verdict


def summarise(measured: Measured, vllm: dict[str, Any] | None = None) -> Summary:
    """summary.json of a run: the keys of vllm.json in its order, without its arrays of one value per request, then
    aisbench's own. `vllm`: the content of vllm.json, if already computed.

    Values are finite; what was not measured is None. Metrics hold describe()'s figures.
    """
    run, tokens = measured.run, measured.tokens
    kept_up = keeping_up(run)
    result = vllm_result(measured) if vllm is None else vllm
    theirs = {name: value for name, value in result.items() if name not in REQUEST_ARRAYS}
    theirs |= {name: value for name, value in own_totals(measured).items() if name not in theirs}
    ours: OwnBlocks = {
        "schema": 1,
        "version": run.info.get("version"),
        "outcome": cast(Outcome, run.outcome),
        "outcome_reason": run.outcome_reason,
        "simulator": bool(run.info.get("simulator")),
        # Keeps its place in the order; the verdict is made from the other blocks.
        "verdict": Verdict().as_dict(),
        "clock": clock_of(run),
        "requests": requests_block(run),
        "metrics": _metrics_block(measured),
        "percentile_intervals": _intervals_block(measured),
        "itl_from": "histogram" if measured.gaps_ns is None else "token_log",
        "from_plan": _from_plan_block(measured),
        "client": client_block(measured, lag_block(run, measured.sending)),
        "arrivals": arrivals_block(run, measured.sending),
        "keeping_up": None if kept_up is None else kept_up.as_dict(),
        "in_flight": in_flight_block(measured),
        "timed": timed_block(measured),
        "stable": stable_block(measured),
        "slices": slices_block(measured),
        "errors": errors_block(measured),
        "error_samples": error_samples(run),
        "input_tokens_from": tokens.prompt_source,
        "output_tokens_from": tokens.source,
        "answers": answers_block(measured),
        "lengths": lengths_block(measured),
        "accuracy": accuracy_block(measured.run, measured.graded),
        "peaks": peaks_block(measured),
        "per_user": per_user_block(measured),
        "per_request": per_request_block(measured),
        "endpoints": endpoints_block(measured),
        "nodes": nodes_block(measured),
        "turns": turns_block(measured),
        "sessions": sessions_block(measured),
        "ttft_by_cached_share": cached_share_block(measured),
        "reasoning": reasoning_block(run),
        "server": server_block(measured),
        "prefix_cache": prefix_cache_block(measured),
        "devices": devices_block(measured),
        "goodput": goodput_block(measured.latencies, run.config.goodput),
        "config": run.written_config,
        "fingerprint": fingerprint_block(run),
        "limits": limits_block(run),
        "host": host_block(run),
        "notes": [*(run.info.get("notes") or ()), *server_notes(measured)],
    }
    summary = cast(Summary, {**theirs, **ours})
    held, sending = measured.held, measured.sending
    verdict = judge(run, summary, held, sending)
    judge_answers(verdict, run, summary)
    judge_refusals(verdict, run, summary, sending)
    judge_machine_limit(verdict, run, held)
    judge_keeping_up(verdict, run, kept_up, sending)
    summary["verdict"] = verdict.as_dict()
    return summary


def _metrics_block(measured: Measured) -> dict[str, Figures]:
    """The figures of every metric that the run has, ms."""
    return {metric.key: measured.figures(metric, measured.percents) for metric in measured.metrics}


def _intervals_block(measured: Measured) -> dict[str, dict[str, list[float] | None]]:
    """95 % intervals of the percentiles in `metrics`, ms; None for a percentile with too few requests.

    Pooled metrics have none, because the gaps of one request are not independent of each other.
    """
    return {
        metric.key: percentile_intervals(measured.latencies.measured(metric.name), measured.percents)
        for metric in measured.request_metrics
    }


def _from_plan_block(measured: Measured) -> dict[str, Figures] | None:
    """Figures of the latencies counted from the planned time, ms; None in a closed loop."""
    found = {
        metric.key: describe(late[~np.isnan(late)], measured.percents)
        for metric in measured.metrics
        if metric.from_plan and (late := measured.latencies.from_plan(metric.name)) is not None
    }
    return found or None
