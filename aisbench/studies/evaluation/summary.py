"""The table of an evaluation: on the console, and as summary_<time>.csv, .md and .txt."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from aisbench.atomic import write_text
from aisbench.records.folder import name_of_now
from aisbench.studies.evaluation.folder import EvaluationFolder
from aisbench.studies.evaluation.results import Result

_COLUMNS = ("data set", "metric", "score", "stderr", "answers", "cut", "no answer", "failed")


def printed(results: Sequence[Result], *, extract_rate: bool) -> str:
    """A table with aligned columns."""
    rows = list(_rows(results, extract_rate=extract_rate))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def write_summary(folder: EvaluationFolder, results: Sequence[Result], *, extract_rate: bool) -> Path:
    """Writes the three files; returns the path of the table for spreadsheets."""
    folder.summary.mkdir(exist_ok=True)
    rows = list(_rows(results, extract_rate=extract_rate))
    path = folder.summary / f"{name_of_now('summary_')}.csv"
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(text.getvalue(), path)
    write_text(_markdown(rows), path.with_suffix(".md"))
    write_text(printed(results, extract_rate=extract_rate) + "\n", path.with_suffix(".txt"))
    return path


def _rows(results: Sequence[Result], *, extract_rate: bool) -> Iterator[tuple[str, ...]]:
    """The head, then of each data set its subsets, where it has any, with both averages, or its one score."""
    more = ("extract rate",) if extract_rate else ()
    yield (*_COLUMNS, *more)
    for result in results:
        named = {name: group for name, group in result.subsets.items() if name}
        whole = result.counts
        rest = (
            *map(str, (whole["answers"], whole["cut"], whole["no_answer"], whole["missing"])),
            *_rate(result, more),
        )
        if not named:
            figures = (_shown(result.weighted_average), _shown(result.stderr))
            yield (result.name, result.task.metric, *figures, *rest)
            continue
        for name, group in named.items():
            score = 100 * sum(one.scored.score for one in group) / len(group)
            cut = sum(one.answer.finish == "length" for one in group)
            none = sum(one.scored.extracted is None for one in group)
            found = (f"{100 * (1 - none / len(group)):.2f}",) if more else ()
            yield (
                f"{result.name} {name}",
                *(result.task.metric, _shown(score), "", str(len(group)), str(cut), str(none), ""),
                *found,
            )
        yield (result.name, "naive_average", _shown(result.naive_average), "", *rest)
        yield (result.name, "weighted_average", _shown(result.weighted_average), _shown(result.stderr), *rest)


def _rate(result: Result, more: tuple[str, ...]) -> tuple[str, ...]:
    counts = result.counts
    if not more:
        return ()
    return (_shown(100 * (1 - counts["no_answer"] / counts["answers"]) if counts["answers"] else None),)


def _shown(percent: float | None) -> str:
    return "-" if percent is None else f"{percent:.2f}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"
