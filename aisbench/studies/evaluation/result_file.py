"""What `results/<model>/<dataset>.json` holds, as the page and the comparison of evaluations read it.

The names that AISBench has too are its own, and its files can be read: all keys but `accuracy` may be missing.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Detail(TypedDict, total=False):
    """One answer. `prompt`: a text or messages. `predictions`: the answer that was found in `origin_prediction`, None where
    there is none; `rule` found it, and `sure` is False where that rule guesses. `references`: the known answer. `score`: 0 to
    1. `finish`: "length" where the output was cut at the length limit. `reasoning`: what the server sent apart as such.
    `why`: what is wrong, where scoring knows."""

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
    why: str


class SubsetFigures(TypedDict, total=False):
    """`accuracy` and `interval` in per cent, `stderr` in percentage points."""

    accuracy: float | None
    stderr: float | None
    interval: list[float]
    questions: int
    answers: int


class QuestionScores(TypedDict):
    """What one question came to. `prompt`: its digest (pairs.prompt_digest). `scores`: of its answers, 0 to 1."""

    prompt: str
    scores: list[float]


class ResultFile(TypedDict, total=False):
    """Scores in per cent, 0 to 100, standard errors in percentage points. `accuracy` is the weighted average.

    `counts`: how many answers there are, and how many of them are `correct`, `no_answer`, `cut` and `unsure`; `missing`:
    questions without an answer. `parts`: other metrics. `mean_length`: of the outputs, in characters. `questions`: what each came to, by its number, for comparisons. `details`: by question, "3", and for its
    further answers "3#1", "3#2"; only with --dump-eval-details.
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
    mean_length: float
    questions: dict[str, QuestionScores]
    details: dict[str, Detail]
