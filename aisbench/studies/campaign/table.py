"""The table of a campaign's scores: a data set a line, a model a column, in OpenCompass's columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from aisbench.studies.campaign.names import DataSetName
from aisbench.studies.campaign.tasks import Model
from aisbench.studies.evaluation.folder import EvaluationFolder, read_object
from aisbench.studies.evaluation.judge.remarks import judge_remarks
from aisbench.studies.evaluation.result_file import ResultFile, figures_of
from aisbench.studies.evaluation.summary import percent, write_tables

_HEAD = ("dataset", "version", "metric", "mode")


# By model and data set: the scores by rules, by a judge, or both.
Results = Mapping[tuple[str, str], Sequence[ResultFile]]


def results_of(folder: Path, models: Sequence[Model], datasets: Sequence[DataSetName]) -> Results:
    """What the results files hold, of those that are there. Raises BadInput for a broken one."""
    found: dict[tuple[str, str], list[ResultFile]] = {}
    for model in models:
        for dataset in datasets:
            for judged in (False, True):
                path = EvaluationFolder(folder, model.name).results_of(dataset.name, judged=judged)
                if path.is_file():
                    found.setdefault((model.name, dataset.name), []).append(
                        cast(ResultFile, read_object(path))
                    )
    return found


def write_table(
    folder: Path,
    models: Sequence[Model],
    datasets: Sequence[DataSetName],
    results: Results,
    *,
    extract_rate: bool,
) -> tuple[str, Path]:
    """Writes summary/summary_<time>.csv, .md and .txt; returns the table as text, and the path of the first."""
    head = (*_HEAD, *(model.name for model in models))
    rows = [head, *_rows(models, datasets, results, extract_rate=extract_rate)]
    return write_tables(folder / "summary", rows, len(_HEAD))


def remarks(models: Sequence[Model], datasets: Sequence[DataSetName], results: Results) -> Iterator[str]:
    """What lowers a score, or makes it one of fewer questions, and the table does not show."""
    for model in models:
        for dataset in datasets:
            each = results.get((model.name, dataset.name), ())
            # Both scorings of the same answers say the same of many.
            for line in dict.fromkeys(line for result in each for line in _remarks(result)):
                yield f"{model.name}/{dataset.asked}: {line}"


def _remarks(result: ResultFile) -> Iterator[str]:
    counts, judge = result.get("counts") or {}, result.get("judge")
    yield from judge_remarks(result)
    answers, missing, cut = (counts.get(key, 0) for key in ("answers", "missing", "cut"))
    asked = answers + missing
    if judge is not None:
        # Some of them have an answer, which was not judged.
        missing -= judge["unjudged"]
    if missing:
        yield (
            f"{missing:,} of {asked:,} questions have no answer and are not in the score; --reuse asks them again"
        )
    if cut:
        yield f"{cut:,} of {answers:,} answers were cut at the length limit; raise max_out_len"


def _rows(
    models: Sequence[Model],
    datasets: Sequence[DataSetName],
    results: Results,
    *,
    extract_rate: bool,
) -> Iterator[tuple[str, ...]]:
    for dataset in datasets:
        lines = [_lines(results.get((model.name, dataset.name), ()), extract_rate) for model in models]
        for label, metric in dict.fromkeys(key for one in lines for key in one):
            name = f"{dataset.name}-{label}" if label else dataset.name
            shown = (percent(one.get((label, metric))) for one in lines)
            yield (name, "-", metric, "gen", *shown)
        if not any(lines):
            yield (dataset.name, "-", "-", "-", *("-" for _ in models))


def _lines(each: Sequence[ResultFile], extract_rate: bool) -> dict[tuple[str, str], float | None]:
    """The figures of one model on one data set, per cent, by subset and metric."""
    lines: dict[tuple[str, str], float | None] = {}
    for found in each:
        lines |= figures_of(found)
        counts = found.get("counts") or {}
        if extract_rate and counts.get("answers"):
            lines["", "extract_rate"] = 100 * (1 - counts.get("no_answer", 0) / counts["answers"])
    return lines
