"""BIG-Bench Hard: read in its layouts; each form of answer is found in outputs of many kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from aisbench.accuracy.question import Answer, Question
from aisbench.accuracy.task import Source
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput

DATA = Path(__file__).parents[2] / "data" / "accuracy" / "bbh"
BBH = task_named("bbh")


def test_known_answers_are_right_in_each_form() -> None:
    questions = BBH.read(Source(DATA))
    assert len(questions) == 35
    assert len({question.subset for question in questions}) == 13
    for question in questions:
        for form in (
            "{}",
            "Let us see.\nSo the answer is {}.",
            "**Answer:** {}",
            "<think>hm</think>The answer is **{}**.",
        ):
            scored = BBH.score(question, Answer(form.format(question.gold)))
            assert (scored.correct, scored.sure) == (True, True), (question.gold, form, scored)


def of(gold: str, subset: str = "", asked: str = "") -> Question:
    return Question.of_text("", gold, subset=subset, facts={"input": asked})


@pytest.mark.parametrize(
    ("gold", "text", "extracted"),
    [
        ("(B)", "The answer is B.", "(B)"),
        ("(B)", "The answer is (B) 03/01/2023.", "(B)"),
        ("(B)", "Answer: I think B.", "(B)"),
        ("(B)", "(A) is wrong. Hence (B) it is, I'd say.\nDone", "(B)"),
        ("(B)", "Answer: (A)\nWait, no.\nAnswer: (B)", "(B)"),
        ("Yes", "So the answer is yes, they do.", "yes"),
        ("No", "No", "no"),
        ("No", "Nobody returns. So the answer is No", "no"),
        ("True", "not ( True and False ) = not False = True. So the answer is true.", "true"),
        ("valid", "So the answer is deductively valid.", "valid"),
        ("invalid", "The answer is: the argument is not valid.", "invalid"),
        ("5", "2 + 3 = 5. So the answer is 2 + 3 = 5.", "5"),
        ("5", "I count 5.0 fruits", "5"),
        ("-49", "The answer is -49", "-49"),
        ("1160", "The answer is 1,160.", "1160"),
        ("Monsters, Inc", "The answer is Monsters Inc.", "monsters inc"),
    ],
)
def test_right(gold: str, text: str, extracted: str) -> None:
    scored = BBH.score(of(gold), Answer(text))
    assert (scored.correct, scored.extracted) == (True, extracted)


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("(B)", "The answer is (A)."),
        ("valid", "The answer is invalid."),
        ("invalid", "The answer is valid."),
        ("5", "The answer is 50."),
        ("No", "I know nothing."),
        ("(B)", ""),
        ("(B)", "<think>The answer is (B)."),
    ],
)
def test_wrong(gold: str, text: str) -> None:
    assert not BBH.score(of(gold), Answer(text)).correct


@pytest.mark.parametrize(
    ("text", "correct"),
    [
        ("} ]", True),
        ("}]", True),
        ("[ { ( ) } ]", True),
        ("So the answer is [ { ( ) } ].", True),
        ("] }", False),
    ],
)
def test_brackets(text: str, correct: bool) -> None:
    asked = "Complete the rest of the sequence. Input: [ { ( )"
    assert BBH.score(of("} ]", "dyck_languages", asked), Answer(text)).correct is correct


@pytest.mark.parametrize(
    ("text", "correct"),
    [("apple fig pear", True), ("Answer: Apple, fig, pear.", True), ("Answer:\nfig apple pear", False)],
)
def test_sorted_words(text: str, correct: bool) -> None:
    assert BBH.score(of("apple fig pear", "word_sorting"), Answer(text)).correct is correct


def test_a_guess_says_so() -> None:
    scored = BBH.score(of("(B)"), Answer("It must be (B).\nThat was easy."))
    assert (scored.correct, scored.rule, scored.sure) == (True, "last choice", False)


def test_worked_examples_stand_in_front() -> None:
    def prompt(shots: int | None) -> str:
        return next(q.prompt for q in BBH.read(Source(DATA, shots)) if q.subset == "object_counting")

    alone = next(q.prompt for q in BBH.read(Source(DATA)) if q.subset == "navigate")
    assert prompt(None).count("Q: ") == 3
    assert prompt(None).endswith("How many fruits do I have?\nA: Let's think step by step.")
    assert prompt(0).count("Q: ") == 0
    assert 'says only "So the answer is"' in alone
    only = DATA / "data" / "object_counting.json"
    assert BBH.read(Source(only, 1))[0].prompt.count("Q: ") == 2
    with pytest.raises(BadInput, match=r"--shots 3: .*has 2 solved examples"):
        BBH.read(Source(only, 3))
    with pytest.raises(BadInput, match=r"--shots 1: .* has no lib_prompt/"):
        BBH.read(Source(DATA, 1))


def test_hugging_faces_layout(tmp_path: Path) -> None:
    (tmp_path / "bbh" / "snarks").mkdir(parents=True)
    table = pa.Table.from_pylist([{"input": "Which is sarcastic?", "target": "(A)"}])
    parquet.write_table(table, tmp_path / "bbh" / "snarks" / "test-00000-of-00001.parquet")
    (question,) = BBH.read(Source(tmp_path))
    assert (question.subset, question.gold) == ("snarks", "(A)")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"examples": []}, "'examples' should be a list"),
        ({"examples": [{"input": "x"}]}, "example 1 should have strings"),
        ({"examples": [{"input": "x", "target": 3}]}, "example 1 should have strings"),
        ([{"question": "x"}], "no 'input', 'target'"),
    ],
)
def test_bad_input(content: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "navigate.json"
    path.write_text(json.dumps(content))
    with pytest.raises(BadInput, match=message):
        BBH.read(Source(path))
