"""The comparison of evaluations on the console."""

from __future__ import annotations

from collections.abc import Iterator

from aisbench.accuracy.pairs import MCNEMAR, p_text
from aisbench.studies.comparison.evaluations.comparing import Compared, EvaluationComparison
from aisbench.studies.evaluation.summary import aligned

HEAD = ("data set", "against the baseline", "questions", "baseline %", "this %", "difference", "95 % interval", "p", "fell", "rose")  # fmt: skip


def cells(row: Compared) -> tuple[str, ...]:
    found = row.found
    return (
        row.dataset,
        f"{row.other.name}: {found.verdict}",
        f"{found.questions:,}",
        f"{found.first:.2f}",
        f"{found.second:.2f}",
        f"{found.difference:+.2f}",
        f"{found.low:+.2f} to {found.high:+.2f}",
        p_text(found.p),
        f"{found.right_to_wrong:,}",
        f"{found.wrong_to_right:,}",
    )


def evaluations_text(comparison: EvaluationComparison) -> str:
    return "\n".join(_lines(comparison))


def _lines(comparison: EvaluationComparison) -> Iterator[str]:
    yield f"baseline: {comparison.evaluations[0].name}"
    yield aligned([HEAD, *map(cells, comparison.rows)], 2)
    yield ""
    for row in comparison.rows:
        yield f"{row.dataset}: {row.sentence}"
    yield from notes(comparison)


def notes(comparison: EvaluationComparison) -> Iterator[str]:
    """What limits the comparison, and how it was made."""
    for row in comparison.rows:
        alone = row.found.only_first + row.found.only_second
        if alone:
            yield f"{row.dataset}: {alone:,} questions that only one of the two answered are left out."
    if comparison.left_out:
        yield f"Not in all evaluations, so left out: {', '.join(comparison.left_out)}."
    tests = sorted({row.found.test for row in comparison.rows}, key=lambda name: name != MCNEMAR)
    yield f"p: {' and '.join(tests)}, two-sided. Intervals by resampling questions. Points are percentage points."
    if len(comparison.rows) > 2:
        yield "With many data sets, one p in twenty is under 0.05 by chance alone."
