"""The panel on the answers: requested and received lengths, finish reasons, tokens per event."""

from __future__ import annotations

from typing import Any

from aisbench.report.page.table import count, figure, table


def answers(summary: dict[str, Any]) -> str:
    """The panel as HTML; "" if no request succeeded."""
    if not summary["completed"]:
        return ""
    return (
        f'<section class="panel"><h2>The answers</h2>{_accuracy(summary["accuracy"])}{lengths(summary["lengths"])}'
        f"{table(['succeeded requests', 'value'], rows(summary), 'numbers')}</section>"
    )


def _accuracy(found: dict[str, Any] | None) -> str:
    """The scores of all answers, by requests in flight at the send, and over time."""
    if found is None or found["whole"] is None:
        return ""
    lines = [
        _score("all", found["whole"]),
        *(
            _score(f"sent with {part['least']:,} to {part['most']:,} in flight", part)
            for part in found["by_in_flight"]
        ),
        *(
            _score(f"ended from {part['from_s']:.1f} to {part['to_s']:.1f} s", part)
            for part in found["over_time"]
        ),
    ]
    return table([f"accuracy: {found['task']}", "answers", "score, %", "95 % interval"], lines, "numbers")


def _score(name: str, part: dict[str, Any]) -> list[str]:
    low, high = part["interval"]
    return [name, f"{part['answers']:,}", f"{part['score']:.2f}", f"{low:.1f} to {high:.1f}"]


def lengths(found: dict[str, Any]) -> str:
    """A table of requested and received tokens; "" if there is nothing to compare."""
    lines = [
        [
            f"{kind} tokens",
            *(count(of["asked"][name]) for name in ("min", "median", "max")),
            *(count(of["got"][name]) for name in ("min", "median", "max")),
            f"{of['shorter']:,}",
            f"{of['longer']:,}",
            f"{100 * of['off_share']:.1f} % of {of['requests']:,}",
        ]
        for kind, of in found.items()
        if of is not None
    ]
    if not lines:
        return ""
    head = ["", "requested: min", "median", "max", "received: min", "median", "max"]
    return table(
        [*head, "shorter than requested", "longer than requested", "requests of another length"],
        lines,
        "numbers",
    )


def rows(summary: dict[str, Any]) -> list[list[str]]:
    of, reasoning = summary["answers"], summary["reasoning"]
    ended = ", ".join(f"{name} {count:,}" for name, count in of["finish"].items() if count)
    found = [
        ["finish reasons", ended],
        ["ended by the token limit (length)", f"{100 * of['truncated_share']:.1f} %"],
        ["output tokens counted by", summary["output_tokens_from"]],
    ]
    if of["tokens_per_event"] is not None:
        found.append(["tokens per event", f"{of['tokens_per_event']:.2f}"])
    if of["at_one_moment"]:
        found.append(["all tokens at one moment (no TPOT, no ITL)", f"{of['at_one_moment']:,}"])
    if of["usage_contradicted"]:
        found.append(["usage contradicts the stream (not used)", f"{of['usage_contradicted']:,}"])
    if reasoning["requests"]:
        share = 100 * reasoning["share_of_events"]
        found.append(["with reasoning", f"{reasoning['requests']:,} ({share:.1f} % of the events)"])
    first = of["first_answer_ms"]
    if first is not None:
        values = " / ".join(figure(first[name]) for name in ("mean", "p50", "p99"))
        found.append(["send to first token of the answer, after reasoning: mean / p50 / p99, ms", values])
        found.append(["answers that are only reasoning", f"{of['reasoning_only']:,}"])
    return found
