"""Judges from its records whether the figures of a run can be relied on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aisbench.analysis.blocks.client import ClientBlock
from aisbench.analysis.blocks.counts import RequestsBlock, abort_notes, warm_up_notes
from aisbench.analysis.blocks.turns import turn_notes
from aisbench.analysis.contract.summary_type import Summary
from aisbench.analysis.failures import refused_fields
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.nodes.judge import judge_nodes
from aisbench.analysis.sending import Sending
from aisbench.analysis.verdict import thresholds
from aisbench.analysis.verdict.judge_prefix_cache import judge_prefix_cache
from aisbench.analysis.verdict.odd_answers import answer_notes
from aisbench.analysis.verdict.verdict import Verdict
from aisbench.records.run import Run


def judge(run: Run, summary: Summary, held: InFlight, sending: Sending) -> Verdict:
    """The verdict on `run`. `summary` needs metrics, client, clock, arrivals, requests and prefix_cache.
    `held`: the in-flight slots taken over time."""
    verdict = Verdict()
    _judge_outcome(verdict, run, summary["requests"])
    if len(sending.sent_ns):
        if run.is_open_loop:
            _judge_schedule(verdict, run, summary, sending)
        _judge_limit(verdict, run, held, sending)
        _judge_stamps(verdict, summary)
        judge_prefix_cache(verdict, run, summary["prefix_cache"])
    _judge_host(verdict, run, summary["client"])
    judge_nodes(verdict, run)
    server = summary["server"]
    counted = server["aborted"] if server is not None else None
    verdict.notes += [
        *warm_up_notes(run),
        *answer_notes(run),
        *turn_notes(run),
        *abort_notes(summary["requests"], counted),
    ]
    verdict.notes += [
        f"The server refused requests with a message about the field {name}; --omit-field {name} leaves it out."
        for name in refused_fields(run)
    ]
    return verdict


def _judge_outcome(verdict: Verdict, run: Run, requests: RequestsBlock) -> None:
    if run.outcome == "failed":
        verdict.worsen("invalid", f"The run failed: {run.outcome_reason or 'no reason was recorded'}.")
    if run.outcome == "interrupted":
        verdict.notes.append(f"The run was interrupted: {run.outcome_reason or 'before its planned end'}.")
    if run.outcome == "abandoned":
        verdict.notes.append(f"The run was ended early: {run.outcome_reason}.")
    for worker in run.workers:
        # Those of a node that was lost are not counted one by one: see judge_nodes.
        if worker.get("died") and not worker.get("lost"):
            verdict.worsen("invalid", _death(run, worker))
    completed, failed = requests["completed"], requests["failed"]
    if completed == 0:
        verdict.worsen("invalid", "No request succeeded, so there are no latencies.")
    elif completed < thresholds.P99_NEEDS:
        counted = "1 request" if completed == 1 else f"{completed} requests"
        verdict.notes.append(
            f"Only {counted} succeeded, so p99 is close to the maximum. "
            f"Use at least {thresholds.P99_NEEDS} requests."
        )
    if completed + failed:
        share = 100 * failed / (completed + failed)
        verdict.hold(thresholds.ERRORS, share, f"{share:.2f} % of the requests failed ({failed})")
    cut, sent = requests["cancelled"] + requests["lost"], requests["sent"]
    if cut and sent:
        share = 100 * cut / sent
        verdict.hold(
            thresholds.CUT_OFF, share, f"{share:.2f} % of the sent requests were cut off at the end ({cut})"
        )


def _death(run: Run, worker: dict[str, Any]) -> str:
    lost = int((run.has_status("in_flight") & (run.row_workers == worker.get("worker"))).sum())
    text = f"Worker {worker.get('worker')} died: {worker['died']}."
    if not lost:
        return text
    return f"{text} {'1 request' if lost == 1 else f'{lost} requests'} that it had in flight {'is' if lost == 1 else 'are'} lost."


def _judge_schedule(verdict: Verdict, run: Run, summary: Summary, sending: Sending) -> None:
    """Open loop: whether requests left when planned, apart from waits for the in-flight limit."""
    arrivals, lag = summary["arrivals"], summary["client"]["schedule_lag_ms"]
    assert lag is not None
    own_ms, all_ms = lag["own_p99"], lag["p99"]
    assert own_ms is not None
    assert all_ms is not None
    apart = "" if run.limit is None else ", not counting waits for the in-flight limit"
    verdict.hold(
        thresholds.SCHEDULE_LAG, own_ms, f"Requests left {own_ms:.2f} ms later than planned (p99{apart})"
    )
    dropped, planned = summary["requests"]["dropped"], len(run.rows)
    if dropped:
        share = 100 * dropped / planned
        verdict.hold(
            thresholds.DROPPED, share, f"{share:.2f} % of the requests were dropped as too late ({dropped})"
        )
    capped = sending.capped_share
    if capped > 0:
        verdict.notes.append(
            f"The in-flight limit of {run.limit} made {100 * capped:.1f} % of the requests wait in the client, so they "
            f"left later than planned (p99 of the schedule lag with that wait: {all_ms:.1f} ms). Latencies from the "
            "plan include the wait; latencies from the send do not."
        )
    # What the limit held back was the user's choice. The checks below are about the client.
    if capped > 0 or len(sending.sent_ns) < 2:
        return
    asked, reached = sending.planned_rate, sending.sent_rate
    counted = (
        "conversations/s were started" if arrivals["counts"] == "conversations" else "requests/s were sent"
    )
    off = 100 * abs(reached / asked - 1) if asked else 0.0
    behind_ms = (int(sending.sent_ns.max()) - int(sending.planned_ns.max())) / 1e6
    verdict.hold(
        thresholds.RATE_SHORTFALL,
        off,
        f"{reached:.2f} {counted}, against {asked:.2f} in the plan ({off:.2f} % off)",
        matters=abs(behind_ms) > thresholds.SCHEDULE_LAG.doubtful,
    )
    cv, planned_cv = arrivals["gap_cv"], arrivals["planned_gap_cv"]
    if cv is not None and planned_cv is not None:
        verdict.hold(
            thresholds.GAP_CV,
            abs(cv - planned_cv),
            f"The CV of the sent gaps is {cv:.3f}, and {planned_cv:.3f} in the plan ({abs(cv - planned_cv):.3f} apart)",
            matters=own_ms > thresholds.GAP_CV_MATTERS_FROM_LAG_MS
            and len(sending.sent_ns) > thresholds.GAP_CV_MATTERS_FROM_COUNT,
        )


def _judge_limit(verdict: Verdict, run: Run, held: InFlight, sending: Sending) -> None:
    """Whether the limit was kept and, in a closed loop, filled from the first time it was reached to the last send."""
    if run.limit is None:
        return
    counted = "conversations" if run.keeps_slots else "requests"
    if held.peak > run.limit:
        verdict.worsen(
            "invalid", f"{held.peak} {counted} were in flight at once, more than the {run.limit} allowed."
        )
    if run.is_open_loop:
        return
    if len(sending.sent_ns) <= run.limit:
        verdict.notes.append(
            f"{len(sending.sent_ns)} {counted} are too few to keep {run.limit} in flight: at most {held.peak} were."
        )
        return
    sent = sorted(sending.sent_ns.tolist())
    full_ns = max(sent[run.limit - 1], int((run.config.concurrency_ramp_s or 0) * 1e9))
    mean = held.mean_within(full_ns, sent[-1])
    share = 100 * mean / run.limit
    if sent[-1] > full_ns:
        verdict.hold(
            thresholds.IN_FLIGHT_HELD,
            share,
            f"{mean:.1f} {counted} were in flight on average, {share:.1f} % of the limit of {run.limit}",
        )


def _judge_stamps(verdict: Verdict, summary: Summary) -> None:
    """How well the arrival times of the answers are known."""
    client, metrics, clock = summary["client"], summary["metrics"], summary["clock"]
    mean = metrics["ttft_ms"]["mean"] if "ttft_ms" in metrics else None
    bounds = client["ttft_bounds_ms"]
    if mean and bounds is not None:
        low, high = bounds
        width = 100 * (high - low) / mean
        verdict.hold(
            thresholds.TTFT_BOUNDS,
            width,
            f"Mean TTFT lies between {low:.2f} and {high:.2f} ms, a width of {width:.1f} % of the mean",
            matters=high - low > thresholds.TTFT_BOUNDS_MATTER_FROM_MS,
        )
    delay = client["client_delay_ms"]
    if delay["p99"] is None:
        return
    itl_ms = (metrics["itl_ms"]["median"] if "itl_ms" in metrics else None) or 0.0
    share = 100 * client["late_merge_share"]
    verdict.hold(
        thresholds.LATE_MERGES,
        share,
        f"A late reader blurred {share:.1f} % of the token gaps, and with them the ITL percentiles",
    )
    if clock == "user":
        verdict.notes.append(
            "No kernel stamps: bytes were timed when the client saw them, so latencies include its own delays, which "
            "are not known."
        )
    elif clock != "unknown":
        bound = max(thresholds.CLIENT_DELAY.doubtful, itl_ms)
        threshold = replace(thresholds.CLIENT_DELAY, doubtful=bound)
        text = f"The client saw bytes up to {delay['p99']:.2f} ms after they arrived (p99)"
        verdict.hold(threshold, delay["p99"], text)
    if clock == "mixed":
        stamped = client["stamped_share"]
        assert stamped is not None
        missing = 100 * (1 - stamped)
        verdict.hold(thresholds.UNSTAMPED, missing, f"{missing:.1f} % of the reads carried no kernel stamp")
    if clock != "user":
        step = client["largest_clock_step_ms"]
        text = f"The largest step of the system clock during the run was {step:.2f} ms (steps: {client['clock_steps']})"
        verdict.hold(thresholds.CLOCK_STEP, step, text)


def _judge_host(verdict: Verdict, run: Run, client: ClientBlock) -> None:
    """Whether the client got the CPU time that it needed."""
    for threshold, shares, text in (
        (thresholds.CPU_SHARE, client["cpu_share"], "A worker used {:.1f} % of its CPU"),
        (
            thresholds.RUNQUEUE_WAIT,
            client["runqueue_wait_share"],
            "A worker waited for a CPU {:.1f} % of the time",
        ),
    ):
        known = [100 * share for share in shares if share is not None]
        if known:
            verdict.hold(threshold, max(known), text.format(max(known)))
    pauses = [
        worker["longest_pause_ns"] / 1e6
        for worker in run.workers
        if worker.get("longest_pause_ns") is not None
    ]
    if pauses:
        text = f"A worker stood still for up to {max(pauses):.0f} ms"
        verdict.hold(thresholds.PAUSE, max(pauses), text)
    roofline = client["roofline"]
    if roofline is not None:
        share = 100 * roofline["busiest_share"]
        text = (
            f"The busiest second took {share:.1f} % of the load that this client can carry by its selfcheck"
        )
        verdict.hold(thresholds.ROOFLINE, share, text)
    host = run.info.get("host") or {}
    wall_ns = run.duration_ns
    if wall_ns > 0:
        steal = 100 * (host.get("steal_ns") or 0) / (wall_ns * (host.get("cpus") or 1))
        throttled = 100 * (host.get("throttled_ns") or 0) / wall_ns
        verdict.hold(
            thresholds.STEAL, steal, f"The hypervisor took away {steal:.1f} % of the CPU time (steal)"
        )
        verdict.hold(
            thresholds.THROTTLED, throttled, f"The client was throttled {throttled:.1f} % of the time"
        )
