"""DROP and TriviaQA: read in their layouts, and scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from aisbench.accuracy.question import Answer
from aisbench.accuracy.task import Source
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput

DATA = Path(__file__).parents[2] / "data" / "accuracy" / "reading"
DROP, TRIVIAQA = task_named("drop"), task_named("triviaqa")


@pytest.mark.parametrize("name", ["drop_dataset_dev.json", "dev.jsonl"])
def test_known_answers_of_drop_are_right(name: str) -> None:
    questions = DROP.read(Source(DATA / name))
    assert len(questions) == 30
    for question in questions:
        scored = DROP.score(question, Answer("I count.\nAnswer: " + " | ".join(question.gold[-1])))
        assert (scored.correct, scored.score, scored.rule) == (True, 1.0, "stated answer"), question.gold


def test_a_question_of_drop_shows_its_passage() -> None:
    first = DROP.read(Source(DATA / "drop_dataset_dev.json"))[0]
    other = DROP.read(Source(DATA / "dev.jsonl"))[0]
    assert "24 stalls" in first.prompt
    assert first.prompt == other.prompt
    assert first.gold == [["16"], ["sixteen"]]


def test_drop_gives_part_of_the_score() -> None:
    question = next(q for q in DROP.read(Source(DATA)) if q.gold[-1] == ["Cape", "Dorn"])
    scored = DROP.score(question, Answer("Answer: Cape"))
    assert (scored.correct, scored.score) == (False, 0.5)
    assert scored.parts == {"exact_match": (0.0,), "f1": (0.5,)}


def test_drop_of_hugging_face(tmp_path: Path) -> None:
    empty = {"day": "", "month": "", "year": ""}
    rows: list[dict[str, Any]] = [
        {
            "passage": "Ann has 3 cats.",
            "question": "How many cats has Ann?",
            "answer": {"number": "3", "date": empty, "spans": []},
            "validated_answers": {"number": ["", "3"], "date": [empty, empty], "spans": [["3 cats"], []]},
        }
    ]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "validation-00000-of-00001.parquet")
    assert DROP.read(Source(tmp_path))[0].gold == [["3"], ["3 cats"]]
    spans = [
        {"passage": "Ann.", "question": "Who?", "answers_spans": {"spans": ["Ann", "Ann"], "types": ["span"]}}
    ]
    parquet.write_table(pa.Table.from_pylist(spans), tmp_path / "validation-00000-of-00001.parquet")
    assert DROP.read(Source(tmp_path))[0].gold == [["Ann"]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("drop_dataset_dev.json", {"a": {"passage": "x"}}, "does not have the published form"),
        ("drop_dataset_dev.json", {"a": {"passage": "x", "qa_pairs": []}}, "has no questions"),
        (
            "drop_dataset_dev.json",
            {"a": {"passage": "x", "qa_pairs": [{"question": "y", "answer": {"number": "", "spans": []}}]}},
            "without an answer",
        ),
        ("dev.jsonl", {"question": "x"}, "it has question"),
        ("dev.jsonl", {"context": "x", "ref_text": ""}, "without an answer"),
    ],
)
def test_bad_input_of_drop(name: str, content: object, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(json.dumps(content))
    with pytest.raises(BadInput, match=message):
        DROP.read(Source(tmp_path / name))


def test_drop_has_no_shots() -> None:
    with pytest.raises(BadInput, match="--shots 3"):
        DROP.read(Source(DATA, shots=3))


@pytest.mark.parametrize("name", ["triviaqa-validation.jsonl", "trivia-dev.qa.csv"])
def test_every_name_of_an_answer_is_right(name: str) -> None:
    questions = TRIVIAQA.read(Source(DATA / name))
    assert len(questions) == 32
    for question in questions:
        assert all(TRIVIAQA.score(question, Answer(known.lower() + ".")).correct for known in question.gold)


def test_triviaqa_of_hugging_face(tmp_path: Path) -> None:
    rows = [{"question": "Who?", "answer": {"value": "Ann", "aliases": ["Anne", "Ann"]}}]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "validation-00000-of-00001.parquet")
    assert TRIVIAQA.read(Source(tmp_path))[0].gold == ["Ann", "Anne"]


def test_a_sentence_is_not_exact_but_holds_the_name() -> None:
    question = TRIVIAQA.read(Source(DATA))[1]
    scored = TRIVIAQA.score(question, Answer("The capital of Australia is Canberra."))
    assert not scored.correct
    assert scored.parts["holds"] == (1.0,)
    assert scored.parts["f1"][0] == pytest.approx(1 / 3)
    assert TRIVIAQA.score(question, Answer("<think>Sydney?</think>Canberra")).correct
    assert TRIVIAQA.score(question, Answer("<think>Canberra")).extracted is None


def test_solved_examples_of_triviaqa() -> None:
    question = TRIVIAQA.read(Source(DATA, shots=2))[0]
    assert question.prompt.count("Answer: ") == 2
    assert "Answer: Green\n\n" in question.prompt
    with pytest.raises(BadInput, match=r"--shots 3: .*has 2 solved examples"):
        TRIVIAQA.read(Source(DATA, shots=3))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("trivia-dev.qa.csv", "Who?\tAnn\n", "line 1 should be a question, a tab and a list"),
        ("trivia-dev.qa.csv", "Who?\n", "line 1 should be"),
        ("trivia-dev.qa.csv", "Who?\t[]\n", "no list of answers"),
        ("trivia-dev.qa.csv", "", "is empty"),
        ("triviaqa-validation.jsonl", '{"question": "Who?", "answer": []}', "test split has no answers"),
        ("triviaqa-validation.jsonl", '{"question": "Who?"}', "no 'answer'"),
    ],
)
def test_bad_input_of_triviaqa(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=message):
        TRIVIAQA.read(Source(tmp_path))
