"""AIME: competition problems whose answer is a whole number from 0 to 999, by year."""

from __future__ import annotations

import re
from pathlib import Path

from aisbench.accuracy.files import first_of, numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.task import Task
from aisbench.accuracy.tasks.items import Item
from aisbench.accuracy.tasks.mathematics.problem import problem, problem_task
from aisbench.errors import BadInput

# Some files have 025, some 336^\circ.
_WHOLE = re.compile(r"(\d{1,3})(?:\.0)?(?:\^\{?\\circ\}?)?")


def _aime(path: Path) -> list[Item]:
    found = []
    for place, row in numbered(path):
        text = first_of(place, row, "problem", "question", "origin_prompt", "Problem")
        given = str(first_of(place, row, "answer", "gold_answer", "Answer")).strip()
        match = _WHOLE.fullmatch(given)
        if match is None:
            raise BadInput(f"{place}: the answer should be a whole number from 0 to 999, got {given!r}")
        gold = str(int(match[1]))
        found.append(problem(str(text), gold, f"\\boxed{{{gold}}}"))
    return found


def _task(year: int, own: str, hub_name: str, *also: str) -> Task:
    short = f"aime{year % 100}"
    return problem_task(
        f"aime{year}",
        f"the 30 problems of the American Invitational Mathematics Examination of {year}",
        (
            f"{own}: problem (or question, or origin_prompt), answer (or gold_answer)",
            f"Hugging Face's {hub_name} and others, test-*.parquet, train-*.parquet or *.jsonl: problem or question, answer",
        ),
        Layout(
            (f"aime{year}", short, *also),
            (
                *(f"{name}.jsonl" for name in (f"aime{year}", *also)),
                *hub("test"),
                *hub("train"),
                f"aime{year}-*.jsonl",
                f"aime_{year}*.parquet",
            ),
        ),
        _aime,
        kind="aime",
        max_tokens=8192,
    )


TASKS = (
    _task(2024, "aime/aime.jsonl", "HuggingFaceH4/aime_2024", "aime"),
    _task(2025, "aime2025/aime2025.jsonl", "opencompass/AIME2025"),
    _task(2026, "aime2026/aime2026.jsonl", "MathArena/aime_2026"),
)
