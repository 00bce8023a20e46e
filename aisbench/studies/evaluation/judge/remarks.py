"""Sentences about a judge, beside the scores that come from it."""

from __future__ import annotations

from collections.abc import Iterator

from aisbench.studies.evaluation.result_file import ResultFile


def judge_remarks(result: ResultFile) -> Iterator[str]:
    """Which judge it was, whether it agrees with the task's own rule, and what it did not decide. None without a judge."""
    found = result.get("judge")
    if found is None:
        return
    agrees = ""
    if found["compared"]:
        agrees = (
            f"; it agrees with the task's own rule on {found['alike']:,} of {found['compared']:,} answers"
        )
    yield f"judged by {found['model']}{agrees}"
    if found["unreadable"]:
        yield (
            f"no readable verdict in {found['unreadable']:,} of {found['asked']:,} judgements, which count as incorrect; "
            "read them in judgements/, and raise --judge-output-len if they were cut"
        )
    if found["unjudged"]:
        yield f"answers without a judgement, which are not in the score: {found['unjudged']:,}; --reuse asks the judge again"
