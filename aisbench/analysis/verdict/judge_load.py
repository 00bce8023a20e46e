"""The verdict on the load: whether the server kept up, whether it refused requests, and whether this machine coped."""

from __future__ import annotations

import numpy as np

from aisbench.analysis.blocks.keeping_up import KeepingUp
from aisbench.analysis.contract.summary_type import Summary
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.sending import Sending
from aisbench.analysis.verdict.verdict import Verdict
from aisbench.records.run import Run

# Statuses with which a server or a gateway turns away load.
_REFUSALS = (429, 503, 529)
_REFUSED_SHARE = 0.01


def judge_keeping_up(verdict: Verdict, run: Run, found: KeepingUp | None, sending: Sending) -> None:
    """An overloaded server is the main finding of a run, so it comes first among the reasons."""
    if found is None or found.kept_up:
        return
    progress = f"{found.done:.2f} of the {found.asked:.2f} requests/s that came due were done"
    if sending.capped_share > 0:
        verdict.notes.append(
            f"With at most {run.limit} in flight the server did not keep up: {progress}, and {found.waiting:.0f} "
            "requests were waiting or under way when the plan ended.",
        )
        return
    verdict.worsen(
        "doubtful",
        f"The server did not keep up: {progress}, and its queue grew by {found.asked - found.done:.2f} requests every "
        f"second, to {found.waiting:.0f} when sending ended. Latencies grow with the queue, "
        "so a longer run would give larger ones.",
        on_top=True,
    )


def judge_refusals(verdict: Verdict, run: Run, summary: Summary, sending: Sending) -> None:
    """In a closed loop a refused request frees its slot at once, so the load is not the one that was requested."""
    refused = run.has_status("failed") & np.isin(run.rows["http_status"], _REFUSALS)
    count, sent = int(refused.sum()), summary["requests"]["sent"]
    if run.is_open_loop or run.limit is None or count == 0:
        return
    text = (
        f"{count} of {sent} requests were refused ({_kinds_of(run, refused)}), which freed their in-flight slots "
        f"at once. So the load was not that of --concurrency {run.limit}: {sending.every_sent_rate:.2f} requests/s "
        f"were sent, and {summary['request_throughput']:.2f} of them were served."
    )
    if count > _REFUSED_SHARE * sent:
        verdict.worsen("doubtful", text)
    else:
        verdict.notes.append(text)


def _kinds_of(run: Run, refused: np.ndarray) -> str:
    codes, counts = np.unique(run.rows["http_status"][refused], return_counts=True)
    return ", ".join(f"http_{code}: {count}" for code, count in zip(codes, counts, strict=True))


def judge_machine_limit(verdict: Verdict, run: Run, held: InFlight) -> None:
    """A limit of this machine counts only if the load reached it."""
    limits = run.info.get("limits") or {}
    binding, most = limits.get("binding"), limits.get("in_flight")
    if binding and most is not None and held.peak >= most:
        verdict.worsen(
            "doubtful",
            f"This machine limited the load: its limit on {binding} allows {most} requests in flight, "
            "and that many were.",
        )
