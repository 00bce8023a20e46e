"""MATH, and MATH-500, a selection of it: competition problems whose answer is a number or a formula."""

from __future__ import annotations

from pathlib import Path

from aisbench.accuracy.files import numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.tasks.items import Item
from aisbench.accuracy.tasks.mathematics.problem import last_boxed, problem, problem_task
from aisbench.errors import BadInput


def _math(path: Path) -> list[Item]:
    found = []
    for place, row in numbered(path, "problem"):
        solution = str(row.get("solution") or "")
        gold = row.get("answer") or last_boxed(solution)
        if not gold:
            raise BadInput(f"{place} has neither an answer nor a solution with the answer in \\boxed{{}}")
        solved = f"{solution}\n\\boxed{{{gold}}}" if solution else f"\\boxed{{{gold}}}"
        found.append(
            problem(row["problem"], str(gold), solved, str(row.get("type") or row.get("subject") or ""))
        )
    return found


_500 = "test_prm800k_500"

TASKS = (
    problem_task(
        "math",
        "competition problems in seven fields; the answer is a number or a formula",
        (
            "math/math.json, or math/test.jsonl: problem, solution that ends in \\boxed{}, type; examples in train.jsonl",
            "Hugging Face's EleutherAI/hendrycks_math, FIELD/test-*.parquet: the same; examples in FIELD/train-*.parquet",
            "MATH's own MATH/test/FIELD/*.json: the same, one problem each; examples in MATH/train",
        ),
        Layout(
            ("math", "hendrycks_math"),
            ("math.json", *hub("test"), "*/test-*.parquet", "test/*/*.json"),
            ("train.jsonl", *hub("train"), "*/train-*.parquet", "train/*/*.json"),
        ),
        _math,
        kind="math",
    ),
    problem_task(
        "math500",
        "500 problems from MATH",
        (
            "math/test_prm800k_500.jsonl or .json: problem, solution that ends in \\boxed{}, optionally answer",
            "Hugging Face's HuggingFaceH4/MATH-500, test.jsonl: problem, solution, answer, subject",
        ),
        Layout(
            ("math500", "math"),
            (f"{_500}.jsonl", f"{_500}.json", "math500.jsonl", *hub("test")),
        ),
        _math,
        kind="math",
        max_tokens=4096,
    ),
)
