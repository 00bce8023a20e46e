"""What a workload is made of, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aisbench.report.text.sparkline import sparkline

_CELLS = 40
_SPREADS = (
    ("turns_per_session", "Turns per session"),
    ("prompt_tokens", "Prompt tokens"),
    ("output_tokens", "Output tokens"),
)


def workload_lines(facts: dict[str, Any]) -> Iterator[str]:
    """Lines for the facts of workload.sessions.describing, with its notes at the end."""
    yield f"{facts['file']}, read as {facts['format']}"
    yield _line("Sessions", f"{facts['sessions']:,}, with {facts['requests']:,} requests")
    for key, title in _SPREADS:
        yield _line(title, _spread(facts[key]))
    yield _line("Longest context", f"{facts['longest_context']:,} tokens, prompt and planned output")
    pauses = facts["pauses_s"]
    if pauses is not None and pauses["turns"]:
        share = f"{pauses['above_0']:,} of {pauses['turns']:,} later turns wait"
        yield _line("Pauses (s)", f"{share}; {_spread(pauses)}" if pauses["above_0"] else share)
    graph = facts["graph"]
    if graph is not None and graph["sessions"]:
        yield _line(
            "Forks and joins",
            f"{graph['forks']:,} forks and {graph['joins']:,} joins in {graph['sessions']:,} sessions; at most "
            f"{graph['widest']:,} turns of one at a time",
        )
    if facts["with_tools"]:
        yield _line("With tools", f"{facts['with_tools']:,} requests")
    reuse = facts["prefix_reuse"]
    yield _line(
        "Shared prefixes",
        f"{reuse['all']:.1%} of all prompts repeat an earlier one's beginning; of first turns {reuse['between_sessions']:.1%}",
    )
    hits = facts["cache_hits"]
    if hits is not None:
        yield _line(
            "Cache hits",
            f"{hits['endless']:.1%} of all prompt tokens, in blocks of {hits['block']:,}, in an endless cache, which comes "
            f"to hold {hits['new_tokens']:,} tokens",
        )
        for one in hits["lru"]:
            yield _line("", f"{one['share']:.1%} in a cache of {one['tokens']:,} tokens (LRU)")
    times = facts["times"]
    if times is not None:
        rate = "" if times["per_s"] is None else f", {times['per_s']:.4g} sessions/s"
        yield _line("Recorded times", f"{times['span_s']:,.6g} s{rate}")
        if times["bin_s"] is not None:
            yield _line(
                "",
                f"{sparkline(times['begun'], _CELLS)}  sessions begun per {times['bin_s']:,.4g} s, at most {max(times['begun']):,}",
            )
    for note in facts["notes"]:
        yield f"- {note}"


def _line(title: str, text: str) -> str:
    return f"{title:<18} {text}"


def _spread(values: dict[str, Any]) -> str:
    if values["mean"] is None:
        return "not known"
    return f"mean {values['mean']:,.4g}, p50 {values['p50']:,.6g}, p90 {values['p90']:,.6g}, p99 {values['p99']:,.6g}, max {values['max']:,.6g}"
