"""BFCL: questions become requests with tools, and the calls of the answer are scored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from aisbench.accuracy.question import Answer, Question
from aisbench.accuracy.task import Source
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput

DATA = Path(__file__).parents[2] / "data" / "accuracy" / "bfcl"
BFCL = task_named("bfcl")


def called(*calls: tuple[str, Any]) -> Answer:
    return Answer(
        "",
        tool_calls=tuple(
            {
                "id": str(number),
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(given)},
            }
            for number, (name, given) in enumerate(calls)
        ),
    )


def first_allowed(question: Question) -> Answer:
    """An answer with the first allowed value of every parameter that may not be left out."""

    def values(parameters: dict[str, Any]) -> dict[str, Any]:
        return {name: one(allowed[0]) for name, allowed in parameters.items() if "" not in allowed}

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return values(value)
        return [one(each) for each in value] if isinstance(value, list) else value

    return called(*((name, values(given)) for known in question.gold for name, given in known.items()))


def test_all_categories_are_read_and_their_answers_are_right() -> None:
    questions = BFCL.read(Source(DATA))
    assert len(questions) == 32
    assert list(dict.fromkeys(question.subset for question in questions)) == [
        "simple",
        "multiple",
        "parallel",
        "parallel_multiple",
        "irrelevance",
    ]
    for question in questions:
        scored = BFCL.score(question, first_allowed(question))
        assert scored.correct, scored.why


def test_functions_become_tools_in_openais_form() -> None:
    question = next(q for q in BFCL.read(Source(DATA)) if "basket" in q.prompt)
    (tool,) = question.body["tools"]
    assert tool == {
        "type": "function",
        "function": {
            "name": "shop_add",
            "description": "Add lines to a basket.",
            "parameters": {
                "type": "object",
                "properties": {
                    "lines": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"article": {"type": "string"}, "count": {"type": "integer"}},
                        },
                        "description": "The lines.",
                    }
                },
                "required": ["lines"],
            },
        },
    }
    assert question.messages == ({"role": "user", "content": "Put 2 pens and 1 ruler into the basket."},)


def test_floats_are_numbers() -> None:
    question = next(q for q in BFCL.read(Source(DATA)) if "rectangle 4 m" in q.prompt)
    properties = question.body["tools"][0]["function"]["parameters"]["properties"]
    assert properties["width"]["type"] == "number"
    assert BFCL.score(question, called(("geometry_rectangle_area", {"width": 4, "height": 2.5}))).correct


def test_no_call_is_right_only_where_none_helps() -> None:
    questions = BFCL.read(Source(DATA))
    text = Answer("It is sunny.")
    assert not BFCL.score(questions[0], text).correct
    assert BFCL.score(questions[0], text).extracted is None
    assert BFCL.score(questions[-1], text).correct
    assert not BFCL.score(questions[-1], called(("lamp_set", {"room": "x", "on": True}))).correct


@pytest.mark.parametrize("arguments", ['{"city": "Osl', "[1]", "null"])
def test_broken_arguments_are_wrong(arguments: str) -> None:
    call = {"function": {"name": "weather_forecast", "arguments": arguments}}
    scored = BFCL.score(BFCL.read(Source(DATA))[0], Answer("", tool_calls=(call,)))
    assert not scored.correct
    assert scored.why


def test_one_category_alone(tmp_path: Path) -> None:
    assert len(BFCL.read(Source(DATA / "BFCL_v3_parallel.json"))) == 5


def test_missing_answers_are_named(tmp_path: Path) -> None:
    shutil.copy(DATA / "BFCL_v3_simple.json", tmp_path)
    with pytest.raises(BadInput, match=r"possible_answer/BFCL_v3_simple.json is missing"):
        BFCL.read(Source(tmp_path))
    (tmp_path / "possible_answer").mkdir()
    (tmp_path / "possible_answer" / "BFCL_v3_simple.json").write_text('{"id": "x", "ground_truth": []}')
    with pytest.raises(BadInput, match="row 1: simple_0 has no answer in"):
        BFCL.read(Source(tmp_path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": "What?"}, "list of turns"),
        ({"function": [{"name": "f"}]}, "not as BFCL has them"),
        ({"function": []}, "not as BFCL has them"),
        ({"function": None}, "no 'function'"),
    ],
)
def test_bad_rows(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    shutil.copytree(DATA / "possible_answer", tmp_path / "possible_answer")
    row = json.loads((DATA / "BFCL_v3_simple.json").read_text().splitlines()[0]) | change
    (tmp_path / "BFCL_v3_simple.json").write_text(json.dumps({k: v for k, v in row.items() if v is not None}))
    with pytest.raises(BadInput, match=message):
        BFCL.read(Source(tmp_path))


def test_there_are_no_shots() -> None:
    with pytest.raises(BadInput, match="--shots 1"):
        BFCL.read(Source(DATA, shots=1))
