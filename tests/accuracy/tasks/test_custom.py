"""One's own files, in AISBench's custom format, with and without a `.meta.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.accuracy.question import Answer, Scored
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput
from tests.accuracy.layouts.files import put_csv, put_jsonl
from tests.accuracy.tasks.reading import questions_of

MCQ = {"question": "127+545=", "A": "672", "B": "682", "C": "572", "answer": "A"}


def with_meta(path: Path, meta: Any) -> Path:
    path.with_name(f"{path.name}.meta.json").write_text(json.dumps(meta))
    return path


def refusal(name: str, path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        questions_of(name, path)
    return str(caught.value)


def test_three_choices(tmp_path: Path) -> None:
    put_jsonl(tmp_path / "sums.jsonl", [MCQ])
    (question,) = questions_of("mcq", tmp_path / "sums.jsonl")
    assert question.prompt.endswith("\n\nQuestion: 127+545=\nA. 672\nB. 682\nC. 572")
    assert question.facts["labels"] == "ABC"


def test_rows_with_different_numbers_of_choices(tmp_path: Path) -> None:
    put_csv(
        tmp_path / "some.csv",
        ("question", "A", "B", "C", "answer"),
        [("q", "a", "b", "", "B"), ("r", "a", "b", "c", "C")],
    )
    assert [one.facts["labels"] for one in questions_of("mcq", tmp_path)] == ["AB", "ABC"]


def test_a_prompt_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "test_mcq.csv"
    put_csv(path, ("question", "A", "B", "answer", "hint"), [("1+1=", "2", "3", "A", "even {x}")])
    with_meta(
        path,
        {
            "human_prompt": "{question} ({hint}, {unknown})\nA. {A}\nB. {B}\nAnswer: ",
            "bot_prompt": "{answer}",
        },
    )
    (question,) = questions_of("mcq", tmp_path)
    assert question.prompt == "1+1= (even {x}, {unknown})\nA. 2\nB. 3\nAnswer: "
    assert question.messages == ({"role": "user", "content": question.prompt},)


def test_columns_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "test_mcq.jsonl"
    put_jsonl(path, [{"mine": "1+1=", "X": "2", "Y": "3", "key": "Y"}])
    meta = {
        "template": "Question: {mine}\nX. {X}\nY. {Y}\nAnswer:",
        "input_columns": ["mine", "X", "Y"],
        "output_column": "key",
        "options": ["X", "Y"],
    }
    with_meta(path, meta)
    (question,) = questions_of("mcq", path)
    assert question.prompt == "Question: 1+1=\nX. 2\nY. 3\nAnswer:"
    assert (question.gold, question.facts["labels"]) == ("Y", "XY")
    put_jsonl(path, [{"mine": "1+1=", "X": "2", "key": "X"}])
    assert refusal("mcq", path) == f"{path}: row 1 has no 'Y'; it has mine, X, key"


def test_a_length_limit_of_a_row(tmp_path: Path) -> None:
    put_jsonl(
        tmp_path / "qa.jsonl",
        [{"question": "q", "answer": "a", "max_tokens": 512}, {"question": "r", "answer": "a"}],
    )
    put_csv(
        tmp_path / "mcq.csv", ("question", "A", "B", "answer", "max_tokens"), [("q", "a", "b", "A", "64")]
    )
    assert [dict(one.body) for one in questions_of("qa", tmp_path)] == [{"max_tokens": 512}, {}]
    assert [dict(one.body) for one in questions_of("mcq", tmp_path)] == [{"max_tokens": 64}]
    put_jsonl(tmp_path / "qa.jsonl", [{"question": "q", "answer": "a", "max_tokens": "many"}])
    assert refusal("qa", tmp_path) == (
        f"{tmp_path / 'qa.jsonl'}: row 1: max_tokens is 'many'; it should be a whole number above 0"
    )


def test_a_question_with_an_answer(tmp_path: Path) -> None:
    put_jsonl(tmp_path / "qa.jsonl", [{"question": "Who wrote it?", "answer": "Ada Lovelace"}])
    (question,) = questions_of("qa", tmp_path)
    assert question.prompt == (
        'Who wrote it?\nEnd with a line that says only "Answer: " and the answer, as short as possible.'
    )


def score(gold: Any, text: str, folder: Path) -> Scored:
    put_jsonl(folder / "qa.jsonl", [{"question": "q", "answer": gold}])
    (question,) = questions_of("qa", folder)
    return task_named("qa").score(question, Answer(text))


@pytest.mark.parametrize(
    ("gold", "text", "extracted", "correct", "sure"),
    [
        ("Ada Lovelace", "I think so.\nAnswer: Ada Lovelace", "Ada Lovelace", True, True),
        ("Ada Lovelace", "I think so.\n**Answer:** ada lovelace.", "ada lovelace", True, True),
        ("the Danube", "Answer: Danube", "Danube", True, True),
        ("the Danube", "Answer: the Rhine\nNo.\nAnswer: the Danube", "the Danube", True, True),
        ("the Danube", "Danube.", "Danube", True, True),
        ("the Danube", "It flows through Vienna.\nThe Danube", "The Danube", True, False),
        ("the Danube", "Answer: the Rhine", "the Rhine", False, True),
        ("the Danube", "<think>Answer: the Danube", None, False, True),
        ("the Danube", "<think>Answer: the Rhine</think>Answer: the Danube", "the Danube", True, True),
        (["Myanmar", "Burma"], "Answer: Burma", "Burma", True, True),
        ("长江", "答案：长江。", "长江", True, True),
    ],
)  # fmt: skip
def test_texts_are_compared(
    gold: Any, text: str, extracted: str | None, correct: bool, sure: bool, tmp_path: Path
) -> None:
    scored = score(gold, text, tmp_path)
    assert (scored.extracted, scored.correct, scored.sure) == (extracted, correct, sure)


def test_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    assert score("3448", "The sum is 3,448.", tmp_path).correct
    assert score(3448, "Answer: 3448.0", tmp_path).correct
    assert not score("3448", "Answer: 34480", tmp_path).correct


def test_a_file_without_answers(tmp_path: Path) -> None:
    put_jsonl(tmp_path / "qa.jsonl", [{"question": "q"}])
    assert refusal("qa", tmp_path) == f"{tmp_path / 'qa.jsonl'}: row 1 has no 'answer'; it has question"


@pytest.mark.parametrize("gold", [[], {"text": "a"}])
def test_an_answer_of_another_kind(gold: Any, tmp_path: Path) -> None:
    put_jsonl(tmp_path / "qa.jsonl", [{"question": "q", "answer": gold}])
    assert refusal("qa", tmp_path) == (
        f"{tmp_path / 'qa.jsonl'}: row 1: the answer is {gold!r}; it should be a string, a number or a list of them"
    )


def test_several_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        put_jsonl(tmp_path / f"{name}.jsonl", [MCQ])
    assert refusal("mcq", tmp_path) == (
        f"--dataset-path {tmp_path} has several files, such as one.jsonl and two.jsonl; "
        "give the path of the one for mcq"
    )
    assert len(questions_of("mcq", tmp_path / "two.jsonl")) == 1


def test_a_file_without_choices(tmp_path: Path) -> None:
    put_jsonl(tmp_path / "qa.jsonl", [{"question": "q", "answer": "a"}])
    assert refusal("mcq", tmp_path) == (
        f"{tmp_path / 'qa.jsonl'}: row 1 has no choices in columns A, B and so on; it has question, answer"
    )


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ([], " is list, not an object"),
        ({"prompt": "q"}, ": 'prompt' is unknown; known: human_prompt, template, input_columns, "),
        ({"infer_method": "ppl"}, ": infer_method is 'ppl'; it must be gen"),
        ({"data_type": "qa"}, ": data_type is 'qa'; use --datasets qa"),
        ({"data_type": "circular-mcq"}, ": data_type is 'circular-mcq'; known: mcq, qa"),
        ({"input_columns": "question"}, ": input_columns is 'question'; it should be a list of columns"),
        ({"template": {"A": "q"}}, ": template is dict; it should be a string"),
        ({"options": ["one"]}, ": options is ['one']; it should be a list of capital letters"),
    ],
)
def test_a_meta_file_that_cannot_be_used(meta: Any, said: str, tmp_path: Path) -> None:
    put_jsonl(tmp_path / "mcq.jsonl", [MCQ])
    with_meta(tmp_path / "mcq.jsonl", meta)
    assert refusal("mcq", tmp_path).startswith(f"{tmp_path / 'mcq.jsonl.meta.json'}{said}")


def test_settings_of_performance_runs_change_nothing(tmp_path: Path) -> None:
    put_jsonl(tmp_path / "mcq.jsonl", [MCQ])
    before = questions_of("mcq", tmp_path)
    with_meta(
        tmp_path / "mcq.jsonl", {"request_count": "10", "sampling_mode": "shuffle", "output_config": {}}
    )
    assert questions_of("mcq", tmp_path) == before


def test_examples_are_refused(tmp_path: Path) -> None:
    put_jsonl(tmp_path / "mcq.jsonl", [MCQ])
    with pytest.raises(
        BadInput, match=r"--shots: mcq has no solved examples; use --shots 0, or put them into human_prompt"
    ):
        questions_of("mcq", tmp_path, shots=2)
