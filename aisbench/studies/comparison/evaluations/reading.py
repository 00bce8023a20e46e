"""Reads evaluation folders: what each question came to, by model and data set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aisbench.accuracy.pairs import Outcome, prompt_digest
from aisbench.errors import BadInput
from aisbench.studies.comparison.evaluations.harness_samples import (
    answers_of_samples,
    outcomes_of_samples,
)
from aisbench.studies.evaluation.folder import (
    HARNESS_ANSWERS,
    HARNESS_RESULTS,
    EvaluationFolder,
    data_set_of,
    read_object,
)
from aisbench.studies.evaluation.result_file import ResultFile


@dataclass(frozen=True)
class Evaluated:
    """One model's answers. `outcomes`: by data set and by question; `metrics`: by data set, what their scores are."""

    name: str
    path: Path
    model: str
    outcomes: dict[str, dict[str, Outcome]]
    metrics: dict[str, str]

    def answers(self, dataset: str) -> dict[str, Any]:
        """`{"3": {"origin_prompt", "prediction", "gold"}}`, read from the predictions; empty where the file is gone."""
        path = EvaluationFolder(self.path, self.model).predictions_of(data_set_of(dataset))
        if not path.is_file():
            return {}
        return answers_of_samples(path) if dataset.startswith(HARNESS_ANSWERS) else read_object(path)


def names_evaluation(argument: str) -> bool:
    """True for the folder of an evaluation, and for NAME=FOLDER with one."""
    return _is_evaluation(_split(argument)[1])


def _is_evaluation(path: Path) -> bool:
    return path.is_dir() and any(path.glob("results/*/*.json"))


def read_evaluations(arguments: list[str]) -> list[Evaluated]:
    """Each argument is the folder of an evaluation, or NAME=FOLDER; a folder of several models is as many evaluations.

    Raises BadInput for what is not one, for results without scores of questions, and when there are fewer than two.
    """
    found: list[Evaluated] = []
    for argument in arguments:
        given, path = _split(argument)
        if not _is_evaluation(path):
            raise BadInput(
                f"{path} is not the folder of an evaluation, which has results/MODEL/DATASET.json; evaluations are "
                "compared with evaluations alone"
            )
        models = sorted(one for one in (path / "results").iterdir() if any(one.glob("*.json")))
        for folder in models:
            name = given or (path.resolve().name if len(models) == 1 else folder.name)
            if given and len(models) > 1:
                name = f"{given} {folder.name}"
            found.append(Evaluated(name, path, folder.name, *_outcomes(path, folder.name)))
    if len(found) < 2:
        raise BadInput(
            f"one evaluation cannot be compared; {arguments[0]} holds one model's: give another folder"
        )
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        # The same model in two folders, or two folders of one name.
        found = [replace(one, name=f"{one.path.resolve().name} {one.model}") for one in found]
    return found


def _split(argument: str) -> tuple[str | None, Path]:
    """The name, where one is given, and the folder."""
    name, mark, rest = argument.partition("=")
    return (name, Path(rest)) if mark and not Path(argument).exists() else (None, Path(argument))


def _outcomes(evaluation: Path, model: str) -> tuple[dict[str, dict[str, Outcome]], dict[str, str]]:
    """By data set, what each question came to, and the metric. Raises BadInput for a file that does not tell."""
    found, metrics = {}, {}
    folder = EvaluationFolder(evaluation, model)
    for path in sorted(folder.predictions.glob(f"{HARNESS_ANSWERS}*.json")):
        if (scored := outcomes_of_samples(path)) is not None:
            found[path.stem], metrics[path.stem] = scored
    for path in sorted(folder.results.glob("*.json")):
        if path.name == HARNESS_RESULTS:
            continue
        result: ResultFile = read_object(path)  # type: ignore[assignment]
        outcomes = _of_result(result)
        if outcomes is None:
            raise BadInput(
                f"{path} does not say what each question came to; score the answers again: "
                "aisbench eval --mode eval --reuse FOLDER"
            )
        found[path.stem] = outcomes
        metrics[path.stem] = result.get("metric", "accuracy")
    return found, metrics


def _of_result(result: ResultFile) -> dict[str, Outcome] | None:
    """From the scores of questions, or from the details, which are all that other versions and AISBench keep."""
    if "questions" in result:
        return {key: Outcome(one["prompt"], tuple(one["scores"])) for key, one in result["questions"].items()}
    if not result.get("details"):
        return None
    prompts: dict[str, str] = {}
    scores: dict[str, list[float]] = {}
    for key, detail in result["details"].items():
        question = key.partition("#")[0]
        prompts.setdefault(question, prompt_digest(detail.get("prompt")))
        scores.setdefault(question, []).append(float(detail.get("score", bool(detail.get("correct")))))
    return {question: Outcome(prompts[question], tuple(each)) for question, each in scores.items()}
