"""Console lines on the answers: score, finish reasons, reasoning, and the source of token counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aisbench.report.shown import shown

# Answers that make a score doubtful: the key in summary.json, and how the line calls them.
_DOUBTS = (
    ("cut", "cut at the length limit"),
    ("no_answer", "without an answer"),
    ("unsure", "guessed by the rule"),
)


def answer_lines(summary: dict[str, Any]) -> Iterator[str]:
    answers = summary["answers"]
    yield from _accuracy_lines(summary.get("accuracy"))
    ended = {name: count for name, count in answers["finish"].items() if count}
    if summary["completed"] and set(ended) != {"none"}:
        told = ", ".join(f"{name} {count}" for name, count in ended.items())
        yield f"Finish reasons      {told} ({100 * answers['truncated_share']:.1f} % ended by the token limit)"
    first = answers["first_answer_ms"]
    if first is not None:
        told = ", ".join(f"{name} {shown(first[name])}" for name in ("mean", "p50", "p99"))
        yield (
            f"First answer (ms)   {told}: send to first token after reasoning, in {first['count']} requests; "
            f"{answers['reasoning_only']} had only reasoning"
        )
    if answers["itl_per"] == "event":
        yield f"ITL per event       {answers['tokens_per_event']:.2f} tokens per event, so this is not the time between tokens"
    if summary["output_tokens_from"] in ("events", "mixed"):
        yield f"Output tokens       counted by {summary['output_tokens_from']}: the server gave no usable usage"


def _accuracy_lines(accuracy: dict[str, Any] | None) -> Iterator[str]:
    """The score and, if the load varied, the scores of the requests sent at its lowest and its highest."""
    if accuracy is None:
        return
    if accuracy["whole"] is None:
        yield f"Accuracy            {accuracy['task']}: no request succeeded"
        return
    counts = ", ".join(f"{accuracy[key]} {name}" for key, name in _DOUBTS if accuracy[key])
    yield f"Accuracy            {accuracy['task']}: {_score(accuracy['whole'])}{f'; {counts}' if counts else ''}"
    parts = accuracy["by_in_flight"]
    if len(parts) > 1:
        low, high = parts[0], parts[-1]
        yield (
            f"  by in-flight      {_score(low)} with {_range(low)}, {_score(high)} with {_range(high)} in flight"
        )


def _score(part: dict[str, Any]) -> str:
    low, high = part["interval"]
    return f"{part['score']:.2f} % ({low:.1f} to {high:.1f}) of {part['answers']} answers"


def _range(part: dict[str, Any]) -> str:
    return str(part["least"]) if part["least"] == part["most"] else f"{part['least']} to {part['most']}"
