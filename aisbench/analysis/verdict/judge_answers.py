"""The verdict on the answers: whether their lengths are those requested and their tokens were counted by the server."""

from __future__ import annotations

import numpy as np

from aisbench.analysis.blocks.lengths import LengthsBlock, lengths_text, spreads_text
from aisbench.analysis.contract.summary_type import Summary
from aisbench.analysis.tokens import contradicted_by_stream
from aisbench.analysis.verdict import thresholds
from aisbench.analysis.verdict.verdict import Verdict
from aisbench.records.run import Run


def judge_answers(verdict: Verdict, run: Run, summary: Summary) -> None:
    """Adds to `verdict`. `summary` needs requests, answers, lengths, and the totals and sources of token counts."""
    completed = summary["requests"]["completed"]
    if completed == 0:
        return
    _judge_lengths(verdict, run, summary["lengths"])
    _judge_usage(verdict, run, summary)
    at_once, per_event = summary["answers"]["at_one_moment"], summary["answers"]["tokens_per_event"]
    if at_once:
        verdict.notes.append(
            f"{at_once} of {completed} requests had all their tokens at one moment (in one event, or in events that "
            "arrived together), so they have no TPOT and no ITL. They are left out of those figures, "
            "and meet no bound on TPOT."
        )
    if summary["answers"]["itl_per"] == "event":
        verdict.notes.append(
            f"Events carry {per_event:.2f} tokens on average: ITL is the gap between events, not between tokens, "
            "and is larger than TPOT."
        )


def _judge_lengths(verdict: Verdict, run: Run, lengths: LengthsBlock) -> None:
    for kind, found, threshold in (
        ("output", lengths["output"], thresholds.OUTPUT_LENGTHS),
        ("input", lengths["input"], thresholds.INPUT_LENGTHS),
    ):
        if found is None:
            continue
        share = 100 * found["off_share"]
        if share == 0:
            verdict.hold(threshold, share, f"All {kind}s have the requested length")
            continue
        # Without a tokenizer, prompts were made to an estimated length.
        estimated = kind == "input" and run.config.tokenizer is None
        text = lengths_text(kind, found)
        verdict.hold(threshold, share, text, matters=not estimated)
        if verdict.checks[-1].status == "valid":
            because = ": without --tokenizer the requested lengths are estimates" if estimated else ""
            verdict.notes.append(f"{text}{because}.")
        verdict.notes.append(f"{spreads_text(kind, found)}.")


def _judge_usage(verdict: Verdict, run: Run, summary: Summary) -> None:
    """Judges the servers' own token counts, and says what replaces those that are missing or wrong."""
    completed, contradicted = summary["requests"]["completed"], summary["answers"]["usage_contradicted"]
    if contradicted:
        verdict.worsen(
            "doubtful",
            f"In {contradicted} of {completed} answers the server's usage contradicts the stream "
            f"({_contradiction(run)}), so it was ignored. Their tokens were counted by "
            f"{summary['output_tokens_from'].replace('mixed', 'events or tokenizer')}.",
        )
    if summary["output_tokens_from"] in ("events", "mixed") and summary["answers"]["uncounted"]:
        missing = summary["answers"]["uncounted"]
        instead = {
            "events": "their content events were counted instead",
            "mixed": "their tokens were counted by the tokenizer or from content events instead",
        }[summary["output_tokens_from"]]
        text = f"{missing} of {completed} answers came without a usage of output tokens, so {instead}."
        if run.config.tokenizer is not None:
            text += " --save-outputs keeps the texts, so that --tokenizer can count their tokens."
        verdict.notes.append(text)
    if summary["input_tokens_from"] in ("plan", "mixed") and summary["total_input_tokens"]:
        where = " in some answers," if summary["input_tokens_from"] == "mixed" else ""
        verdict.notes.append(
            f"The server gave no count of prompt tokens, or 0,{where} so the planned lengths were used."
        )


def _contradiction(run: Run) -> str:
    """The first such usage, beside the number of events that came."""
    row = run.rows[int(np.argmax(run.has_status("ok") & contradicted_by_stream(run)))]
    return f"{row['output_tokens']:,} tokens for {row['content_events']:,} events"
