"""Makes the table of an evaluation, for the console and as summary_<time>.csv, .md and .txt."""

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
# Of these, the first hold words.
_WORDS = 2


def printed(results: Sequence[Result], *, extract_rate: bool) -> str:
    """The table of `results`, with aligned columns."""
    return aligned(list(_rows(results, extract_rate=extract_rate)), _WORDS)


def aligned(rows: Sequence[Sequence[str]], words: int) -> str:
    """`rows` as text. The first `words` columns are aligned on the left, the others, with numbers, on the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at < words else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def write_summary(folder: EvaluationFolder, results: Sequence[Result], *, extract_rate: bool) -> Path:
    """Writes the three files; returns the path of the .csv file."""
    return write_tables(folder.summary, list(_rows(results, extract_rate=extract_rate)), _WORDS)[1]


def write_tables(folder: Path, rows: Sequence[Sequence[str]], words: int) -> tuple[str, Path]:
    """Writes `rows` to summary_<time>.csv, .md and .txt in `folder`; returns the text and the path of the .csv file.

    `words`: as for `aligned`.
    """
    folder.mkdir(exist_ok=True)
    path = folder / f"{name_of_now('summary_')}.csv"
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(text.getvalue(), path)
    write_text(_markdown(rows), path.with_suffix(".md"))
    shown = aligned(rows, words)
    write_text(shown + "\n", path.with_suffix(".txt"))
    return shown, path


def _rows(results: Sequence[Result], *, extract_rate: bool) -> Iterator[tuple[str, ...]]:
    """The head; then the score of each data set. If it has subsets: their scores and both averages."""
    yield (*_COLUMNS, *(("extract rate",) if extract_rate else ()))
    for result in results:
        found = result.averages
        if found is None:
            dashes = ("-", "-", "0", "-", "-", str(result.missing), *(("-",) if extract_rate else ()))
            yield (result.name, result.task.metric, *dashes)
            continue
        rate = (percent(100 - found.share(found.no_answer)),) if extract_rate else ()
        rest = (str(found.weighted.answers), str(found.cut), str(found.no_answer), str(result.missing), *rate)
        for name, average in found.subsets.items():
            figures = (percent(average.percent), percent(average.stderr), str(average.answers))
            yield (f"{result.name} {name}", result.task.metric, *figures, *("",) * (len(rest) - 1))
        if found.subsets:
            naive = (percent(found.naive.percent), percent(found.naive.stderr))
            yield (result.name, "naive_average", *naive, *rest)
        label = "weighted_average" if found.subsets else result.task.metric
        yield (result.name, label, percent(found.weighted.percent), percent(found.weighted.stderr), *rest)
        if found.repeated is not None:
            for label, value in found.repeated.as_dict().items():
                if label != "n":
                    yield (result.name, label, percent(value), *("",) * (len(rest) + 1))
        for label, value in result.parts.items():
            yield (result.name, label, percent(value), *("",) * (len(rest) + 1))


def percent(value: float | None) -> str:
    """`value` with two decimals; a dash if there is none."""
    return "-" if value is None else f"{value:.2f}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"
