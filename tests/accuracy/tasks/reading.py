"""Tasks read from files, and what the samples should come out as."""

from __future__ import annotations

from pathlib import Path

from aisbench.accuracy.question import Question
from aisbench.accuracy.task import Source
from aisbench.accuracy.tasks.registry import task_named
from tests.accuracy.pools import Asked, endings, facts, gaps, passages, people, pool, ways, yes_no


def questions_of(name: str, path: Path, shots: int | None = None) -> list[Question]:
    return task_named(name).read(Source(path, shots))


def _choices(rows: list[Asked], subset: bool = False) -> list[tuple[str, str, str]]:
    return [(row.stem, row.choices[row.right], row.subset if subset else "") for row in rows]


def _contest(whole: bool = False, field: bool = True) -> list[tuple[str, str, str]]:
    return [
        (text, gold, type_ if field else "")
        for type_, text, _, gold in pool("contest")
        if gold.isdecimal() or not whole
    ]


def _sums(language: bool) -> list[tuple[str, str, str]]:
    return [(text, gold.replace(",", ""), one if language else "") for one, text, _, gold in pool("sums")]


_FACTS, _ZH, _AIME = _choices(facts(), True), _choices(facts("facts_zh"), True), _contest(True, False)
# Of each question: a text that only it has, its right answer (a choice's text, or gold itself), its subset.
EXPECTED = {
    "gsm8k": _sums(False),
    "mgsm": _sums(True),
    "math": _contest(),
    "math500": _contest(),
    "aime2024": _AIME,
    "aime2025": _AIME,
    "aime2026": _AIME,
    "mmlu": _FACTS,
    "mmlu_pro": _FACTS,
    "ceval": _ZH,
    "cmmlu": _ZH,
    "gpqa": _FACTS,
    "arc_c": _choices(facts()),
    "arc_e": _choices(facts()),
    "hellaswag": _choices([row for _, row in endings()]),
    "winogrande": _choices(gaps()),
    "piqa": _choices(ways()),
    "siqa": [
        (f"{context}\n{row.stem}", right, "")
        for (context, row), (_, right, _) in zip(
            people(), _choices([one for _, one in people()]), strict=True
        )
    ],
    "boolq": [(row.passage, row.choices[row.right], "") for row in yes_no()],
    "race": [
        (f"{row.passage}\n\n{row.stem}", right, school)
        for row, (_, right, school) in zip(passages(), _choices(passages(), True), strict=True)
    ],
    "mcq": _choices(facts()),
    "qa": [(stem, right, "") for stem, right, _ in _choices(facts())],
}


def right_answer(question: Question) -> str:
    """The text of the right choice; gold itself where there are no choices."""
    if "choices" not in question.facts:
        return str(question.gold)
    text: str = question.facts["choices"][question.facts["labels"].index(question.gold)]
    return text
