"""GSM8K and MGSM: grade-school word problems whose answer is a number, in English and ten other languages."""

from __future__ import annotations

import re
from pathlib import Path

from aisbench.accuracy.files import first_of, numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.tasks.items import Item
from aisbench.accuracy.tasks.mathematics.problem import HASHES, problem, problem_task
from aisbench.errors import BadInput

# The reference solution ends with this mark and the answer.
_MARK = "####"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _gsm8k(path: Path) -> list[Item]:
    found = []
    for place, row in numbered(path, "question", "answer"):
        answer = str(row["answer"])
        _, mark, gold = answer.rpartition(_MARK)
        if not mark:
            raise BadInput(f"{place}: the answer should end in {_MARK} and a number, got {answer[-40:]!r}")
        found.append(problem(row["question"], _number(gold, place), answer))
    return found


def _number(text: str, place: str) -> str:
    # In some versions of MGSM on Hugging Face, whole numbers are floats.
    gold = text.strip().replace(",", "").removesuffix(".0")
    if not _NUMBER.fullmatch(gold):
        raise BadInput(f"{place}: the answer should be a number, got {text.strip()!r}")
    return gold


def _mgsm(path: Path) -> list[Item]:
    found = []
    for place, row in numbered(path, "question", header=("question", "answer_number")):
        gold = _number(str(first_of(place, row, "answer_number", "answer")), place)
        # A worked solution ends with a sentence in the question's language, so the mark is added.
        worked = row.get("answer") if "answer_number" in row else None
        solution = f"{worked}\n{_MARK} {gold}" if worked else f"{_MARK} {gold}"
        found.append(problem(row["question"], gold, solution, _language(path)))
    return found


def _language(path: Path) -> str:
    """The language, such as `de`, from mgsm_de.tsv or de/test-00000-of-00001.parquet."""
    return path.stem.rpartition("_")[2] if path.suffix == ".tsv" else path.parent.name


TASKS = (
    problem_task(
        "gsm8k",
        "grade-school word problems; the answer is a number",
        (
            'gsm8k/test.jsonl, or Hugging Face\'s openai/gsm8k, main/test-*.parquet: {"question", "answer"}, which ends in '
            "#### and the number; examples in train.jsonl, or main/train-*.parquet",
        ),
        Layout(
            ("gsm8k",),
            ("test.jsonl", *hub("test", "main"), *hub("test")),
            ("train.jsonl", *hub("train", "main"), *hub("train")),
        ),
        _gsm8k,
        kind="gsm8k",
        instruction=HASHES,
        max_tokens=1024,
    ),
    problem_task(
        "mgsm",
        "grade-school word problems in eleven languages; the answer is a number",
        (
            "mgsm/mgsm_*.tsv without a header: question, number; one file for each language",
            "Hugging Face's juletxara/mgsm, LANGUAGE/test-*.parquet: question, answer_number; examples in "
            "LANGUAGE/train-*.parquet",
        ),
        Layout(("mgsm",), ("mgsm_??.tsv", "*/test-*.parquet"), ("*/train-*.parquet",)),
        _mgsm,
        kind="gsm8k",
        instruction=HASHES,
        max_tokens=1024,
    ),
)
