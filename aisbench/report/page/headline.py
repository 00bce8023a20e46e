"""The cards at the top of a run's page, with its most important figures."""

from __future__ import annotations

from typing import Any

from aisbench.analysis.verdict import thresholds
from aisbench.metrics import BY_KEY
from aisbench.report.page.table import cards, figure
from aisbench.report.shown import APART, felt_from_plan, known, metric_title


def headline(summary: dict[str, Any]) -> str:
    streams = "ttft_ms" in summary["metrics"]
    in_flight, target = summary["in_flight"], summary["arrivals"]["asked_rate"]
    limit = "no limit" if in_flight["limit"] is None else f"limit {in_flight['limit']:,}"
    peak = f"peak {figure(summary['max_output_tokens_per_s'])}" if streams else "answers not streamed"
    rows = [
        ("Requests", f"{summary['completed']:,}", _requests_words(summary)),
        (
            "Requests/s",
            figure(summary["request_throughput"]),
            "closed loop" if target is None else _target_words(summary["arrivals"]),
        ),
        ("Output tokens/s", figure(summary["output_throughput"]), peak),
        ("In flight", figure(in_flight["mean"]), f"mean; peak {in_flight['peak']:,}, {limit}"),
        *_latency_cards(summary),
    ]
    goodput = summary["goodput"]
    if goodput is not None:
        bounds = ", ".join(f"{name} ≤ {bound:g} ms" for name, bound in goodput["bounds_ms"].items())
        rows.append(("Goodput", f"{figure(summary['request_goodput'])}/s", bounds))
    return cards(rows)


def _target_words(arrivals: dict[str, Any]) -> str:
    """The target rate: of requests, or of conversations started."""
    of = "conversations" if arrivals["counts"] == "conversations" else ""
    return f"target {figure(arrivals['asked_rate'])} {of}".rstrip() + "/s"


def _requests_words(summary: dict[str, Any]) -> str:
    """How many requests were sent, failed or were neither completed nor failed, and in what time."""
    requests = summary["requests"]
    apart = [f"{requests[name]:,} {words}" for name, words in APART.items() if requests[name]]
    failed = f"{requests['failed']:,} failed" if requests["failed"] else "none failed"
    done = "completed" + (f" of {requests['sent']:,} sent" if apart else "")
    if summary["turns"]:
        done += f", turns of {summary['turns'][0]['sent']:,} conversations"
    return f"{', '.join([done, *apart, failed])}; {summary['duration']:.1f} s"


def _latency_cards(summary: dict[str, Any]) -> list[tuple[str, str, str]]:
    """One card per latency: (label, mean, aside).

    If requests waited in the client, a user felt the latency from the plan, so the card shows that, and the one from
    the send below it.
    """
    felt = felt_from_plan(summary)
    of = _survivors(summary)
    rows = []
    for key, sent in summary["metrics"].items():
        if not BY_KEY[key].headline:
            continue
        name, found, aside = metric_title(summary, key), sent, ""
        if key in felt:
            name, found = f"{name} from plan", felt[key]
            aside = f". From the send: {_milliseconds(known(sent, 'mean'))}"
        tail = _milliseconds(known(found, "p99"))
        rows.append((name, _milliseconds(known(found, "mean")), f"mean{of}; p99 {tail}{aside}"))
    return rows


def _survivors(summary: dict[str, Any]) -> str:
    """Says which requests the latencies cover, if too many were cut off or lost; "" otherwise."""
    requests = summary["requests"]
    cut, sent = requests["cancelled"] + requests["lost"], requests["sent"]
    if not sent or 100 * cut / sent <= thresholds.CUT_OFF.doubtful:
        return ""
    return f" of only the {requests['completed']:,} completed"


def _milliseconds(value: float | None) -> str:
    return figure(value) if value is None else f"{figure(value)} ms"
