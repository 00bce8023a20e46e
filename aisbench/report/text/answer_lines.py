"""Lines on the answers: how they ended, and what counted their tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aisbench.report.shown import shown


def answer_lines(summary: dict[str, Any]) -> Iterator[str]:
    answers = summary["answers"]
    ended = {name: count for name, count in answers["finish"].items() if count}
    if summary["completed"] and set(ended) != {"none"}:
        told = ", ".join(f"{name} {count}" for name, count in ended.items())
        yield f"Finish reasons      {told} ({100 * answers['truncated_share']:.1f} % ended at their most tokens)"
    first = answers["first_answer_ms"]
    if first is not None:
        told = ", ".join(f"{name} {shown(first[name])}" for name in ("mean", "p50", "p99"))
        yield (
            f"First answer (ms)   {told}: first token after reasoning, of {first['count']} requests; "
            f"{answers['reasoning_only']} were all reasoning"
        )
    if answers["itl_per"] == "event":
        yield f"ITL per event       {answers['tokens_per_event']:.2f} tokens in each: not the time between tokens"
    if summary["output_tokens_from"] in ("events", "mixed"):
        yield f"Output tokens       counted by {summary['output_tokens_from']}: the server gave no usage that can be used"
