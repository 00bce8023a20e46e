"""The part of the verdict that is about the answers: were they what was asked, and do their figures say it?"""

from __future__ import annotations

import numpy as np

from aisbench.analysis.blocks.lengths import LengthsBlock, lengths_text, spreads_text
from aisbench.analysis.contract.summary_type import Summary
from aisbench.analysis.tokens import contradicted_by_stream
from aisbench.analysis.verdict import thresholds
from aisbench.analysis.verdict.verdict import Verdict
from aisbench.records.run import Run


def judge_answers(verdict: Verdict, run: Run, summary: Summary) -> None:
    """`summary`: as far as it is made: answers, lengths, requests and the sources of token counts."""
    completed = summary["requests"]["completed"]
    if completed == 0:
        return
    _judge_lengths(verdict, run, summary["lengths"])
    _judge_usage(verdict, run, summary)
    at_once, per_event = summary["answers"]["at_one_moment"], summary["answers"]["tokens_per_event"]
    if at_once:
        verdict.notes.append(
            f"{at_once} of {completed} requests had all their tokens at one moment (in one event, or in events that "
            "came together): their TPOT and ITL were not measured. They are in no figure of these, and meet no bound "
            "on TPOT."
        )
    if summary["answers"]["itl_per"] == "event":
        verdict.notes.append(
            f"Events carry {per_event:.2f} tokens on average: ITL is the gap between events, not between tokens, "
            "and TPOT is below it."
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
            verdict.hold(threshold, share, f"All {kind}s are as long as was asked")
            continue
        # Lengths that no tokenizer counted were estimates from the beginning.
        estimated = kind == "input" and run.config.tokenizer is None
        text = lengths_text(kind, found)
        verdict.hold(threshold, share, text, matters=not estimated)
        if verdict.checks[-1].status == "valid":
            because = ": without --tokenizer the asked lengths are estimates" if estimated else ""
            verdict.notes.append(f"{text}{because}.")
        verdict.notes.append(f"{spreads_text(kind, found)}.")


def _judge_usage(verdict: Verdict, run: Run, summary: Summary) -> None:
    """What the servers said of tokens, and what stands in for it where they said nothing or nothing true."""
    completed, contradicted = summary["requests"]["completed"], summary["answers"]["usage_contradicted"]
    if contradicted:
        verdict.worsen(
            "doubtful",
            f"In {contradicted} of {completed} answers the server's usage contradicts the stream "
            f"({_contradiction(run)}): it was not used, and their tokens are counted by "
            f"{summary['output_tokens_from'].replace('mixed', 'events or tokenizer')}.",
        )
    if summary["output_tokens_from"] in ("events", "mixed") and summary["answers"]["uncounted"]:
        missing = summary["answers"]["uncounted"]
        text = f"{missing} of {completed} answers came without a usage of output tokens: content events are counted instead."
        if run.config.tokenizer is not None:
            text += " With --save-outputs the texts are kept, and --tokenizer counts their tokens."
        verdict.notes.append(text)
    if summary["input_tokens_from"] in ("plan", "mixed") and summary["total_input_tokens"]:
        verdict.notes.append(
            "The server gave no count of prompt tokens (or 0)"
            f"{' in some answers' if summary['input_tokens_from'] == 'mixed' else ''}: the planned lengths are counted there."
        )


def _contradiction(run: Run) -> str:
    """One of the usages, beside what came."""
    row = run.rows[int(np.argmax(run.has_status("ok") & contradicted_by_stream(run)))]
    return f"{row['output_tokens']:,} tokens for {row['content_events']:,} events"
