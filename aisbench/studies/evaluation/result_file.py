"""The content of `results/<model>/<dataset>.json`, as the page and the comparison of evaluations read it.

Keys that AISBench also has mean the same there. Its files can be read too, so all keys but `accuracy` may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict


class Detail(TypedDict, total=False):
    """One answer.

    `prompt`: a text or messages. `predictions`: the answer that `rule` found in `origin_prediction`, or None; `sure` is
    False if that rule guesses. `references`: the known answer. `score`: 0 to 1. `finish`: "length" if the output was
    cut at the length limit. `reasoning`: what the server sent separately as reasoning. `tool_calls`: in the chat API's
    form, if there are any. `why`: what is wrong with the answer, if scoring knows, or what the judge said of it.
    """

    prompt: Any
    origin_prediction: str
    predictions: Any
    references: Any
    correct: bool
    score: float
    rule: str
    sure: bool
    subset: str
    finish: str
    reasoning: str
    tool_calls: list[Mapping[str, Any]]
    why: str


class SubsetFigures(TypedDict, total=False):
    """`accuracy` and `interval` in per cent, `stderr` in percentage points."""

    accuracy: float | None
    stderr: float | None
    interval: list[float]
    questions: int
    answers: int


class JudgeFigures(TypedDict):
    """Figures of a judge. `asked`: judged answers; `unreadable`: those of them without a readable verdict; `unjudged`: answers
    without a judgement, which are not in the score. `compared`: verdicts beside which the task's own rule has a score, too;
    `alike`: those of them on which both agree."""

    model: str
    asked: int
    unreadable: int
    unjudged: int
    compared: int
    alike: int


class QuestionScores(TypedDict):
    """The scores of one question. `prompt`: its digest (pairs.prompt_digest). `scores`: of its answers, 0 to 1."""

    prompt: str
    scores: list[float]


class ResultFile(TypedDict, total=False):
    """Scores in per cent, 0 to 100, with standard errors in percentage points. `accuracy` is the weighted average.

    `counts`: how many answers there are, how many of them are `correct`, `no_answer`, `cut` and `unsure`, and how many
    questions have no answer (`missing`). `parts`: other metrics. `judge`: if one scored the answers.
    `mean_length`: of the outputs, in characters.
    `questions`: the scores of each question, by its number, for comparisons. `details`: the answers by question, "3",
    with further answers as "3#1", "3#2"; only with --dump-eval-details.
    """

    accuracy: float | None
    metric: str
    stderr: float | None
    interval: list[float]
    weighted_average: float | None
    naive_average: float | None
    naive_stderr: float | None
    naive_interval: list[float]
    subsets: dict[str, SubsetFigures]
    repeated: dict[str, float]
    parts: dict[str, float]
    counts: dict[str, int]
    judge: JudgeFigures
    mean_length: float
    questions: dict[str, QuestionScores]
    details: dict[str, Detail]


def answers_of(result: ResultFile) -> int:
    """How many answers there were to score, those that a judge has not judged included."""
    unjudged = judge["unjudged"] if (judge := result.get("judge")) else 0
    return (result.get("counts") or {}).get("answers", 0) + unjudged


def figures_of(result: ResultFile) -> dict[tuple[str, str], float | None]:
    """The scores in per cent by subset ("" for the whole data set) and metric, in the order of the tables.

    A judge's averages, avg@n and the like say so, because those by the task's rule may stand in the same table.
    """
    metric = result.get("metric", "accuracy")
    by = f"{metric} " if result.get("judge") else ""
    found: dict[tuple[str, str], float | None] = {
        (name, metric): figures.get("accuracy") for name, figures in (result.get("subsets") or {}).items()
    }
    if found:
        found["", f"{by}naive_average"] = result.get("naive_average")
        found["", f"{by}weighted_average"] = result.get("accuracy")
    else:
        found["", metric] = result.get("accuracy")
    found |= {
        ("", f"{by}{name}"): value for name, value in (result.get("repeated") or {}).items() if name != "n"
    }
    return found | {("", name): value for name, value in (result.get("parts") or {}).items()}
