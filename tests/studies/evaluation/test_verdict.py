"""The judge's prompt, and how its verdict is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisbench.accuracy.question import Answer, Question
from aisbench.studies.evaluation.judge.template import Template
from aisbench.studies.evaluation.judge.verdict import verdict_of


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("It says the same.\nVERDICT: CORRECT", True),
        ("Another year.\n\n**VERDICT: INCORRECT**\n", False),
        ("```\nVERDICT: CORRECT\n```", True),
        ("## Verdict: \\boxed{INCORRECT} ##", False),
        ('{"reason": "the same", "verdict": "CORRECT"}', True),
        ("The verdict is CORRECT.", True),
        ("VERDICT: CORRECT because the numbers are equal", True),
        ("Verdict: not correct", False),
        ("VERDICT:INCORRECT", False),
        ("结论:正确", True),
        ("判定:不正确", False),
        ("correct: no\nconfidence: 90%", False),
        ("A", True),
        ("(B)", False),
        ("**A**.", True),
        ("C: NOT_ATTEMPTED", False),
        ("B) INCORRECT", False),
        ("Judgement: B", False),
        ("grade: **A**", True),
        ("At first sight VERDICT: INCORRECT\nOn a second look:\nVERDICT: CORRECT", True),
        ("<think>VERDICT: INCORRECT? No.</think>VERDICT: CORRECT", True),
        ("<think>So far VERDICT: CORRECT", None),
        ("", None),
        ("I cannot tell.", None),
        ("VERDICT: UNSURE", None),
        ("VERDICT: CORRECTED", None),
        ("VERDICT: CORRECT or VERDICT: INCORRECT", None),
        ("VERDICT: CORRECT/INCORRECT", None),
        ("Verdict: A correct solution would say 5.", None),
        ("A: INCORRECT", None),
    ],
)
def test_the_verdict_is_read_as_a_person_reads_it(text: str, verdict: bool | None) -> None:
    assert verdict_of(Answer(text)) is verdict


def test_a_template_is_filled_in_one_pass_and_other_braces_stay(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text(
        '\ufeff{"q": "{question}", "a": "{prediction}", "r": "{reference}", "x": {y}}'
    )
    question = Question.of_text("What is {reference}?", "a {prediction}")
    assert Template.of(str(tmp_path / "own.txt")).filled(question, "{question}") == (
        '{"q": "What is {reference}?", "a": "{question}", "r": "a {prediction}", "x": {y}}'
    )


@pytest.mark.parametrize(
    ("gold", "shown"),
    [("B", "B"), (["Paris"], "Paris"), (["UK", "Britain"], "- UK\n- Britain"), (7, "7"), ([1, 2], "[1, 2]"), (True, "true")],
)  # fmt: skip
def test_the_reference_is_text(gold: object, shown: str) -> None:
    assert Template("{prediction}|{reference}").filled(Question.of_text("?", gold), "x") == f"x|{shown}"


def test_solved_examples_are_not_a_part_of_the_question() -> None:
    messages = ({"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "2+2?"})  # fmt: skip
    assert (
        Template("{question}{prediction}").filled(Question(messages, "1+1?\n2\n\n2+2?\n", "4"), "") == "2+2?"
    )
