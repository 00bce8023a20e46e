"""summary.json: everything that a run comes to, by design section 5's definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aisbench.analysis.blocks.answer_facts import answers_block, reasoning_block
from aisbench.analysis.blocks.client import client_block, clock_of
from aisbench.analysis.blocks.devices import devices_block
from aisbench.analysis.blocks.groups import endpoints_block, turns_block
from aisbench.analysis.blocks.keeping_up import keeping_up
from aisbench.analysis.blocks.lengths import lengths_block
from aisbench.analysis.blocks.per_request import per_request_block, per_user_block
from aisbench.analysis.blocks.prefix_cache import prefix_cache_block
from aisbench.analysis.blocks.server import server_block, server_notes
from aisbench.analysis.blocks.slices import slices_block
from aisbench.analysis.blocks.stable_stage import stable_block
from aisbench.analysis.blocks.vllm_keys import REQUEST_ARRAYS, own_totals, vllm_result
from aisbench.analysis.latencies import Latencies
from aisbench.analysis.measured import Measured
from aisbench.analysis.sending import arrivals_block, lag_block
from aisbench.analysis.series import NS, peak_per_second
from aisbench.analysis.statistics.figures import Figures, describe
from aisbench.analysis.statistics.intervals import percentile_intervals
from aisbench.analysis.timed import timed_block
from aisbench.analysis.verdict.judge import judge
from aisbench.analysis.verdict.judge_answers import judge_answers
from aisbench.analysis.verdict.judge_load import judge_keeping_up, judge_machine_limit, judge_refusals
from aisbench.printable import printable
from aisbench.records.run import Run
from aisbench.workload.fingerprint import length_facts

SUMMARY_SCHEMA = 1


def summarise(measured: Measured, vllm: dict[str, Any] | None = None) -> dict[str, Any]:
    """summary.json of a run: the keys of vllm.json in its order, but for its arrays of one value a request, then this
    program's own. `vllm`: that file's content, where it is made already.

    All values are plain (no NaN, no infinity); what was not measured is None. Keys that end in `_ms` hold
    describe()'s figures.
    """
    run, tokens = measured.run, measured.tokens
    kept_up = keeping_up(run)
    result = vllm_result(measured) if vllm is None else vllm
    summary = {name: value for name, value in result.items() if name not in REQUEST_ARRAYS}
    summary |= {name: value for name, value in own_totals(measured).items() if name not in summary}
    summary |= {
        "schema": SUMMARY_SCHEMA,
        "version": run.info.get("version"),
        "outcome": run.outcome,
        "outcome_reason": run.outcome_reason,
        "simulator": bool(run.info.get("simulator")),
        "verdict": None,
        "clock": clock_of(run),
        "requests": requests_block(run),
        "metrics": metrics_block(measured),
        "percentile_intervals": intervals_block(measured),
        "itl_from": "histogram" if measured.gaps_ns is None else "token_log",
        "from_plan": from_plan_block(measured),
        "client": client_block(measured, lag_block(run, measured.sending)),
        "arrivals": arrivals_block(run, measured.sending),
        "keeping_up": None if kept_up is None else kept_up.as_dict(),
        "in_flight": {
            "limit": run.limit,
            "mean": measured.in_flight.mean,
            "peak": measured.in_flight.peak,
        },
        "timed": timed_block(measured),
        "stable": stable_block(measured),
        "slices": slices_block(measured),
        "errors": errors_block(measured),
        "error_samples": error_samples(run),
        "input_tokens_from": tokens.prompt_source,
        "output_tokens_from": tokens.source,
        "answers": answers_block(measured),
        "lengths": lengths_block(measured),
        "peaks": peaks_block(measured),
        "per_user": per_user_block(measured),
        "per_request": per_request_block(measured),
        "endpoints": endpoints_block(measured),
        "turns": turns_block(measured),
        "reasoning": reasoning_block(run),
        "server": server_block(measured),
        "prefix_cache": prefix_cache_block(measured),
        "devices": devices_block(measured),
        "goodput": goodput_block(measured.latencies, run.config.goodput),
        "config": run.written_config,
        "fingerprint": fingerprint_block(run),
        "limits": run.info.get("limits") or {},
        "host": run.info.get("host") or {},
        "notes": [*(run.info.get("notes") or ()), *server_notes(measured)],
    }
    held, sending = measured.held, measured.sending
    verdict = judge(run, summary, held, sending)
    judge_answers(verdict, run, summary)
    judge_refusals(verdict, run, summary, sending)
    judge_machine_limit(verdict, run, held)
    judge_keeping_up(verdict, run, kept_up, sending)
    summary["verdict"] = verdict.as_dict()
    return summary


def metrics_block(measured: Measured) -> dict[str, Figures]:
    """Every metric that the run has."""
    return {metric.key: measured.figures(metric, measured.percents) for metric in measured.metrics}


def intervals_block(measured: Measured) -> dict[str, dict[str, list[float] | None]]:
    """95 % intervals of the percentiles in `metrics`, ms; None for one that so few requests cannot support.

    Of pooled metrics there are none: the gaps of one request are not independent of each other.
    """
    return {
        metric.key: percentile_intervals(measured.latencies.measured(metric.name), measured.percents)
        for metric in measured.request_metrics
    }


def from_plan_block(measured: Measured) -> dict[str, Figures] | None:
    """Latencies from the intended time; None in closed loop."""
    found = {
        metric.key: describe(late[~np.isnan(late)], measured.percents)
        for metric in measured.metrics
        if metric.from_plan and (late := measured.latencies.from_plan(metric.name)) is not None
    }
    return found or None


def requests_block(run: Run) -> dict[str, int | None]:
    """Each request is in exactly one of completed, failed, cancelled (stopped by the run's end), dropped
    (never sent, --late drop) and lost (in flight in a crash); or, of those that were planned, not even begun:
    the run ended before, or the conversation of which it is a later turn."""
    planned = run.info.get("planned_requests")
    return {
        "planned": planned,
        "sent": int((run.rows["sent_ns"] > 0).sum()),
        "completed": int(run.has_status("ok").sum()),
        "failed": int(run.has_status("failed").sum()),
        "cancelled": int(run.has_status("cancelled").sum()),
        "dropped": int(run.has_status("dropped").sum()),
        "lost": int(run.has_status("in_flight").sum()),
        "not_sent": max(0, planned - len(run.rows)) if planned is not None else 0,
    }


def errors_block(measured: Measured) -> dict[str, int]:
    """Failed requests by kind, the commonest first."""
    return {kind: len(rows) for kind, rows in measured.failures.items()}


def error_samples(run: Run) -> list[dict[str, Any]]:
    """The first failures of each kind in the server's words, which records of earlier versions hold as they came."""
    samples = run.info.get("error_samples") or []
    return [sample | {"message": printable(str(sample.get("message") or ""))} for sample in samples]


def peaks_block(measured: Measured) -> dict[str, float]:
    """The most in one whole second since the start.

    Input tokens count when their request was sent, output tokens when they came.
    """
    run, ok = measured.run, measured.ok
    rows = run.selected(ok)
    if len(rows) == 0:
        return dict.fromkeys(
            ("requests_per_s", "input_tokens_per_s", "output_tokens_per_s", "total_tokens_per_s"), 0.0
        )
    ended = np.bincount((rows["done_ns"] - run.start_ns) // NS)
    sent = np.bincount((rows["sent_ns"] - run.start_ns) // NS, weights=measured.tokens.prompt[ok])
    seconds = max(len(sent), -(-len(run.flow) // 100))
    came = measured.flow
    flow = np.zeros(seconds * 100)
    flow[: len(came)] = came
    total = flow.reshape(seconds, 100).sum(axis=1) + np.pad(sent, (0, seconds - len(sent)))
    return {
        "requests_per_s": float(ended.max()),
        "input_tokens_per_s": float(sent.max()),
        "output_tokens_per_s": peak_per_second(came),
        "total_tokens_per_s": float(total.max()),
    }


def goodput_block(latencies: Latencies, bounds_ms: Mapping[str, float] | None) -> dict[str, Any] | None:
    """`not_measured`: those of the requests that are not good only because there is no TPOT to hold."""
    if not bounds_ms:
        return None
    return {
        "bounds_ms": bounds_ms,
        "good": latencies.meeting(bounds_ms),
        "of": len(latencies),
        "not_measured": latencies.at_one_moment if "tpot" in bounds_ms else 0,
    }


def fingerprint_block(run: Run) -> dict[str, Any]:
    """What the engine noted before the run, and how long the prompts were by the server's own count.

    Two counts that part tell of another tokenizer, of a chat template, or of a prompt that was cut.
    """
    found = dict(run.info.get("fingerprint") or {})
    counted = run.rows["prompt_tokens"][run.has_status("ok")]
    counted = counted[counted >= 0]
    found["prompt_tokens_of_server"] = length_facts(counted) if len(counted) else None
    return found
