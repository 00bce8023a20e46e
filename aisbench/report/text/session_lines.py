"""Console lines on sessions: how many, how long they took, and TTFT by what was cached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aisbench.report.shown import known, shown


def session_lines(summary: dict[str, Any]) -> Iterator[str]:
    """None without sessions."""
    block = summary["sessions"]
    if block is None:
        return
    counts = [f"{block['begun']:,} begun, {block['completed']:,} completed"]
    counts += [
        f"{block[name]:,} {words}"
        for name, words in (("failed", "failed"), ("cut", "cut off"))
        if block[name]
    ]
    turns = f"{shown(known(block['turns'], 'mean'))} turns each"
    yield (
        f"{'Sessions':<19} {', '.join(counts)}; {turns}; in progress mean {block['in_progress_mean']:.1f}, "
        f"peak {block['in_progress_max']}"
    )
    if block["completed"]:
        duration = ", ".join(
            f"{name} {shown(known(block['duration_s'], name))}" for name in ("p50", "p90", "p99", "max")
        )
        yield (
            f"{'Session time (s)':<19} {duration}; of it, on average, {shown(known(block['waiting_s'], 'mean'))} waiting for "
            f"users and tools, {shown(known(block['queued_s'], 'mean'))} for a slot"
        )


def cached_share_lines(bins: list[dict[str, Any]] | None) -> Iterator[str]:
    """The median TTFT of each bin that has requests, if there are several."""
    some = [one for one in bins or () if one["requests"]]
    if len(some) > 1:
        told = ", ".join(f"{cached_words(one)} {one['p50_ttft_ms']:.2f}" for one in some)
        yield f"{'TTFT by cached':<19} {told} ms (p50)"


def cached_words(one: dict[str, Any]) -> str:
    """The name of a bin of `ttft_by_cached_share`, such as 0 % or 10 to 20 %."""
    if one["to_share"] == 0:
        return "0 %"
    return f"{100 * one['from_share']:.0f} to {100 * one['to_share']:.0f} %"
