"""HumanEval and MBPP: read in their layouts, answers in the forms that models give, scored by running them."""

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

DATA = Path(__file__).parents[2] / "data" / "accuracy" / "code"
HUMANEVAL, MBPP = task_named("humaneval"), task_named("mbpp")


def humaneval(name: str) -> Question:
    return next(
        question for question in HUMANEVAL.read(Source(DATA)) if question.facts["entry_point"] == name
    )


def test_every_reference_solution_of_humaneval_passes() -> None:
    questions = HUMANEVAL.read(Source(DATA))
    assert len(questions) == 33
    assert [q.prompt for q in questions if not HUMANEVAL.score(q, Answer(q.gold)).correct] == []


def test_every_reference_solution_of_mbpp_passes() -> None:
    questions = MBPP.read(Source(DATA / "mbpp.jsonl"))
    assert len(questions) == 24
    wrong = [q.prompt for q in questions if not MBPP.score(q, Answer(f"```python\n{q.gold}\n```")).correct]
    assert wrong == []


def test_code_runs_only_where_it_is_declared() -> None:
    assert HUMANEVAL.runs_code
    assert MBPP.runs_code


RIGHT = "def digit_sum(n):\n    return sum(map(int, str(abs(n))))"


@pytest.mark.parametrize(
    ("text", "rule", "sure"),
    [
        (RIGHT, "whole answer", True),
        (f"Here it is:\n```python\n{RIGHT}\n```\nIt adds the digits.", "fenced block", True),
        (
            f"<think>```python\ndef digit_sum(n): return 0\n```</think>\n```\n{RIGHT}\n```",
            "fenced block",
            True,
        ),
        (
            f"```python\ndef digit_sum(n): return 0\n```\nNo, better:\n```python\n{RIGHT}\n```",
            "fenced block",
            False,
        ),
        (f"```python\n{RIGHT}\n```\nUse it so:\n```python\ndigit_sum(7)\n```", "fenced block", True),
        (f"```python\n{RIGHT}", "fenced block", True),
        (f"~~~python\n{RIGHT}\n~~~", "fenced block", True),
        (
            "1. Like this:\n   ```python\n   def digit_sum(n):\n       return sum(map(int, str(abs(n))))\n   ```",
            "fenced block",
            True,
        ),
        ("    return sum(map(int, str(abs(n))))\n\ndef other(:", "whole answer, continues the prompt", True),
        ("return sum(map(int, str(abs(n))))", "whole answer, continues the prompt", True),
        ("```python\n    return sum(map(int, str(abs(n))))\n```", "fenced block, continues the prompt", True),
    ],
)
def test_right_answers_in_many_forms(text: str, rule: str, sure: bool) -> None:
    scored = HUMANEVAL.score(humaneval("digit_sum"), Answer(text))
    assert (scored.correct, scored.rule, scored.sure) == (True, rule, sure), scored.why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def digit_sum(n):\n    return 0", "AssertionError"),
        ("I cannot help with that.", "SyntaxError"),
        ("import sys\ndef digit_sum(n):\n    sys.exit(0)", "SystemExit"),
    ],
)
def test_wrong_answers_say_why(text: str, why: str) -> None:
    scored = HUMANEVAL.score(humaneval("digit_sum"), Answer(text))
    assert not scored.correct
    assert why in scored.why


@pytest.mark.parametrize("text", ["", "  \n", "<think>def digit_sum(n): ...", f"<think>{RIGHT}</think>"])
def test_no_code_is_no_answer(text: str) -> None:
    assert HUMANEVAL.score(humaneval("digit_sum"), Answer(text)).extracted is None
    assert MBPP.score(MBPP.read(Source(DATA))[0], Answer(text)).extracted is None


def test_what_the_prompt_defines_is_there_for_a_whole_function() -> None:
    question = humaneval("mirror")
    assert HUMANEVAL.score(question, Answer("def mirror(word):\n    return word + backwards(word)")).correct


def test_mbpp_shows_the_papers_examples_first() -> None:
    question = MBPP.read(Source(DATA / "mbpp.jsonl"))[0]
    shown = question.prompt.split("[DONE]")
    assert len(shown) == 4
    assert "clamp" in shown[0]
    assert question.prompt.endswith("[BEGIN]\n")
    none = MBPP.read(Source(DATA / "mbpp.jsonl", shots=0))[0]
    assert "[BEGIN]" not in none.prompt


def test_hugging_face_keeps_mbpps_examples_in_a_file_of_their_own(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (DATA / "mbpp.jsonl").read_text().splitlines()]
    for split, part in {"prompt": rows[:9], "test": rows[9:]}.items():
        path = tmp_path / "full" / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(exist_ok=True)
        parquet.write_table(pa.Table.from_pylist(part), path)
    assert [q.prompt for q in MBPP.read(Source(tmp_path))] == [
        q.prompt for q in MBPP.read(Source(DATA / "mbpp.jsonl"))
    ]


def test_mbpp_answers_may_carry_the_marks() -> None:
    question = MBPP.read(Source(DATA / "mbpp.jsonl"))[0]
    assert MBPP.score(question, Answer(f"[BEGIN]\n{question.gold}\n[DONE]\n\nYou are an expert")).correct


def test_the_sanitized_file_has_no_examples() -> None:
    questions = MBPP.read(Source(DATA / "sanitized-mbpp.jsonl"))
    assert len(questions) == 24
    assert "[BEGIN]" not in questions[0].prompt
    assert MBPP.score(questions[0], Answer(questions[0].gold)).correct
    with pytest.raises(BadInput, match=r"--shots 3: .*has 0 solved examples"):
        MBPP.read(Source(DATA / "sanitized-mbpp.jsonl", shots=3))


ROW = {
    "task_id": 11,
    "text": "Add.",
    "code": "def add(a, b): return a + b",
    "test_list": ["assert add(1, 2) == 3"],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test_list": None}, "row 1 has no 'test_list'"),
        ({"test_list": "assert add(1, 2) == 3"}, "should be a list"),
        ({"test_list": []}, "should be a list"),
        ({"text": None}, "'text'"),
        ({"task_id": 3}, "from 11 to 510"),
    ],
)
def test_bad_rows_of_mbpp(change: dict[str, object], message: str, tmp_path: Path) -> None:
    row = {name: value for name, value in (ROW | change).items() if value is not None}
    (tmp_path / "mbpp.jsonl").write_text(json.dumps(row))
    with pytest.raises(BadInput, match=message):
        MBPP.read(Source(tmp_path))


def test_bad_input_of_humaneval(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no solved examples"):
        HUMANEVAL.read(Source(DATA, shots=2))
    with pytest.raises(BadInput, match="HumanEval"):
        HUMANEVAL.read(Source(tmp_path))
    (tmp_path / "HumanEval.jsonl").write_text('{"prompt": "def f():", "test": ""')
    with pytest.raises(BadInput, match="broken JSON"):
        HUMANEVAL.read(Source(tmp_path))
