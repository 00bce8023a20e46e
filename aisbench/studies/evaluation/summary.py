"""Makes the table of an evaluation, for the console and as summary_<time>.csv, .md and .txt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from aisbench.atomic import write_text
from aisbench.csv_cells import write_csv
from aisbench.records.folder import name_of_now
from aisbench.studies.evaluation.folder import EvaluationFolder
from aisbench.studies.evaluation.result_file import ResultFile, figures_of

_COLUMNS = ("data set", "metric", "score", "stderr", "answers", "cut", "no answer", "failed")
# Of these, the first hold words.
_WORDS = 2


def printed(contents: Sequence[tuple[str, ResultFile]], *, extract_rate: bool) -> str:
    """The table of `contents`, the results files by data set, with aligned columns."""
    return aligned(list(_rows(contents, extract_rate=extract_rate)), _WORDS)


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


def write_summary(
    folder: EvaluationFolder, contents: Sequence[tuple[str, ResultFile]], *, extract_rate: bool
) -> Path:
    """Writes the three files; returns the path of the .csv file."""
    return write_tables(folder.summary, list(_rows(contents, extract_rate=extract_rate)), _WORDS)[1]


def write_tables(folder: Path, rows: Sequence[Sequence[str]], words: int) -> tuple[str, Path]:
    """Writes `rows` to summary_<time>.csv, .md and .txt in `folder`; returns the text and the path of the .csv file.

    `words`: as for `aligned`.
    """
    folder.mkdir(exist_ok=True)
    path = folder / f"{name_of_now('summary_')}.csv"
    write_csv(rows, path)
    write_text(_markdown(rows), path.with_suffix(".md"))
    shown = aligned(rows, words)
    write_text(shown + "\n", path.with_suffix(".txt"))
    return shown, path


def _rows(contents: Sequence[tuple[str, ResultFile]], *, extract_rate: bool) -> Iterator[tuple[str, ...]]:
    """The head; then the scores of each data set. Of one with subsets: theirs, then both averages."""
    yield (*_COLUMNS, *(("extract rate",) if extract_rate else ()))
    for name, content in contents:
        yield from _rows_of(name, content, extract_rate=extract_rate)


def _rows_of(name: str, content: ResultFile, *, extract_rate: bool) -> Iterator[tuple[str, ...]]:
    counts, subsets = content.get("counts") or {}, content.get("subsets") or {}
    answers = counts.get("answers", 0)
    rest = [str(answers), *(str(counts.get(key, 0)) if answers else "-" for key in ("cut", "no_answer"))]
    rest.append(str(counts.get("missing", 0)))
    if extract_rate:
        rest.append(percent(100 - 100 * counts.get("no_answer", 0) / answers) if answers else "-")
    # The averages, each with its standard error; the other rows have a score only.
    errors = {"naive_average": content.get("naive_stderr"), "weighted_average": content.get("stderr")}
    errors |= {content.get("metric", "accuracy"): content.get("stderr")}
    for (subset, metric), value in figures_of(content).items():
        if subset:
            one = subsets[subset]
            figures = (percent(value), percent(one.get("stderr")), str(one.get("answers", 0)))
            yield (f"{name} {subset}", metric, *figures, *("",) * (len(rest) - 1))
        elif (average := metric.removeprefix(f"{content.get('metric')} ")) in errors:
            yield (name, metric, percent(value), percent(errors[average]), *rest)
        else:
            yield (name, metric, percent(value), *("",) * (len(rest) + 1))


def percent(value: float | None) -> str:
    """`value` with two decimals; a dash if there is none."""
    return "-" if value is None else f"{value:.2f}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"
