"""No value of another kind, wherever it stands in a data set's row, ends in a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisbench.accuracy.question import Answer
from aisbench.accuracy.task import Source
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput

DATA = Path(__file__).parents[2] / "data" / "accuracy"
OTHERS: tuple[object, ...] = (3, True, [], {}, "x", "", [1], [None], {"a": 1}, [[]], 1.5, None, [{}], [[{}]])
Way = tuple[str | int, ...]


def ways(value: Any, way: Way = ()) -> Iterator[Way]:
    """To every value inside; of lists, only to the first."""
    if way:
        yield way
    if isinstance(value, dict):
        for name, one in value.items():
            yield from ways(one, (*way, name))
    elif isinstance(value, list) and value:
        yield from ways(value[0], (*way, 0))


def replaced(value: Any, way: Way, other: object) -> Any:
    copy = json.loads(json.dumps(value))
    inner = copy
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = other
    return copy


@pytest.mark.parametrize(
    ("name", "file", "line"),
    [
        ("humaneval", "code/HumanEval.jsonl", 0),
        ("mbpp", "code/mbpp.jsonl", 11),
        ("mbpp", "code/sanitized-mbpp.jsonl", 0),
        ("drop", "reading/dev.jsonl", 0),
        ("drop", "reading/drop_dataset_dev.json", None),
        ("triviaqa", "reading/triviaqa-validation.jsonl", 0),
        ("longbench", "longbench/trec.jsonl", 0),
        ("longbench", "longbench/qmsum.jsonl", 0),
        ("bbh", "bbh/data/navigate.json", None),
        ("bfcl", "bfcl/BFCL_v3_simple.json", 0),
        ("bfcl", "bfcl/possible_answer/BFCL_v3_simple.json", 0),
    ],
)
def test_values_of_other_kinds(name: str, file: str, line: int | None, tmp_path: Path) -> None:
    """`line`: the one that is changed and kept; None where the file is one JSON object."""
    text = (DATA / file).read_text()
    row = json.loads(text if line is None else text.splitlines()[line])
    folder, inner = file.split("/", 1)
    if name == "bfcl":
        shutil.copytree(DATA / folder, tmp_path, dirs_exist_ok=True)
        question = tmp_path / "BFCL_v3_simple.json"
        question.write_text(question.read_text().splitlines()[0])
    path = tmp_path / inner
    path.parent.mkdir(exist_ok=True)
    named = tmp_path / "BFCL_v3_simple.json" if name == "bfcl" else path
    refused = [
        refusal
        for way in ways(row)
        for other in OTHERS
        if (refusal := refusal_of(name, named, path, replaced(row, way, other)))
    ]
    assert refused
    assert all("\n" not in one for one in refused)


def refusal_of(name: str, named: Path, path: Path, row: Any) -> str:
    """What is said of a row; empty where it is read. Then an answer can be scored."""
    path.write_text(json.dumps(row))
    task = task_named(name)
    try:
        questions = task.read(Source(named))
    except BadInput as problem:
        return str(problem)
    if not task.runs_code:
        for question in questions:
            task.score(question, Answer("Answer: 3"))
    return ""


ANSWER = {"number": "3", "date": {"day": "", "month": "", "year": ""}, "spans": []}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("column", ["answer", "validated_answers", "passage", "question"])
def test_rows_of_drop(column: str, other: object, tmp_path: Path) -> None:
    row = {"passage": "Ann has 3 cats.", "question": "How many?", "answer": ANSWER, "validated_answers": []}
    refusal_of("drop", tmp_path / "dev.jsonl", tmp_path / "dev.jsonl", {**row, column: other})
