"""The table of a campaign's scores: a data set a line, a model a column, in OpenCompass's columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from aisbench.studies.campaign.names import DataSetName
from aisbench.studies.campaign.tasks import Model
from aisbench.studies.evaluation.folder import EvaluationFolder, read_object
from aisbench.studies.evaluation.judge.remarks import judge_remarks
from aisbench.studies.evaluation.result_file import ResultFile
from aisbench.studies.evaluation.summary import percent, write_tables

_HEAD = ("dataset", "version", "metric", "mode")


def results_of(
    folder: Path, models: Sequence[Model], datasets: Sequence[DataSetName]
) -> dict[tuple[str, str], ResultFile]:
    """What the results files hold, by model and data set, of those that are there. Raises BadInput for a broken one."""
    return {
        (model.name, dataset.name): cast(ResultFile, read_object(path))
        for model in models
        for dataset in datasets
        if (path := EvaluationFolder(folder, model.name).results / f"{dataset.name}.json").is_file()
    }


def write_table(
    folder: Path,
    models: Sequence[Model],
    datasets: Sequence[DataSetName],
    results: Mapping[tuple[str, str], ResultFile],
    *,
    extract_rate: bool,
) -> tuple[str, Path]:
    """Writes summary/summary_<time>.csv, .md and .txt; returns the table as text, and the path of the first."""
    head = (*_HEAD, *(model.name for model in models))
    rows = [head, *_rows(models, datasets, results, extract_rate=extract_rate)]
    return write_tables(folder / "summary", rows, len(_HEAD))


def remarks(
    models: Sequence[Model], datasets: Sequence[DataSetName], results: Mapping[tuple[str, str], ResultFile]
) -> Iterator[str]:
    """What lowers a score, or makes it one of fewer questions, and the table does not show."""
    for model in models:
        for dataset in datasets:
            result: ResultFile = results.get((model.name, dataset.name), {})
            counts, judge = result.get("counts") or {}, result.get("judge")
            for line in judge_remarks(result):
                yield f"{model.name}/{dataset.asked}: {line}"
            answers, missing, cut = (counts.get(key, 0) for key in ("answers", "missing", "cut"))
            asked = answers + missing
            if judge is not None:
                # Some of them have an answer, which was not judged.
                missing -= judge["unjudged"]
            if missing:
                yield (
                    f"{model.name}/{dataset.asked}: {missing:,} of {asked:,} questions have no answer "
                    "and are not in the score; --reuse asks them again"
                )
            if cut:
                yield (
                    f"{model.name}/{dataset.asked}: {cut:,} of {answers:,} answers were cut at the length limit; "
                    "raise max_out_len"
                )


def _rows(
    models: Sequence[Model],
    datasets: Sequence[DataSetName],
    results: Mapping[tuple[str, str], ResultFile],
    *,
    extract_rate: bool,
) -> Iterator[tuple[str, ...]]:
    for dataset in datasets:
        lines = [
            {} if (found := results.get((model.name, dataset.name))) is None else _lines(found, extract_rate)
            for model in models
        ]
        for label, metric in dict.fromkeys(key for one in lines for key in one):
            name = f"{dataset.name}-{label}" if label else dataset.name
            shown = (percent(one.get((label, metric))) for one in lines)
            yield (name, "-", metric, "gen", *shown)
        if not any(lines):
            yield (dataset.name, "-", "-", "-", *("-" for _ in models))


def _lines(found: ResultFile, extract_rate: bool) -> dict[tuple[str, str], float | None]:
    """The figures of one model on one data set, per cent, by subset and metric."""
    metric = found.get("metric", "accuracy")
    lines: dict[tuple[str, str], float | None] = {
        (name, metric): figures.get("accuracy") for name, figures in (found.get("subsets") or {}).items()
    }
    if lines:
        lines["", "naive_average"] = found.get("naive_average")
        lines["", "weighted_average"] = found.get("accuracy")
    else:
        lines["", metric] = found.get("accuracy")
    lines |= {("", name): value for name, value in (found.get("repeated") or {}).items() if name != "n"}
    lines |= {("", name): value for name, value in (found.get("parts") or {}).items()}
    counts = found.get("counts") or {}
    if extract_rate and counts.get("answers"):
        lines["", "extract_rate"] = 100 * (1 - counts.get("no_answer", 0) / counts["answers"])
    return lines
