"""Each task, read from each layout that it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from aisbench.accuracy.question import Answer
from aisbench.accuracy.tasks.registry import NAMES, task_named
from tests.accuracy.layouts.every import LAYOUTS
from tests.accuracy.tasks.reading import EXPECTED, questions_of, right_answer

EVERY = [
    pytest.param(name, write, id=f"{name}-{number}")
    for name, writers in LAYOUTS.items()
    for number, write in enumerate(writers)
]
NO_EXAMPLES = {"gpqa", "math500", "aime2024", "aime2025", "aime2026", "mcq", "qa"}
# AISBench's own layout of MGSM has no solved examples.
WITH_EXAMPLES = [
    pytest.param(name, write, id=f"{name}-{number}")
    for name, writers in LAYOUTS.items()
    for number, write in enumerate(writers)
    if name not in NO_EXAMPLES and (name, number) != ("mgsm", 0)
]
Write = Callable[[Path], None]


def test_the_samples_are_many_enough() -> None:
    assert {name: len(rows) for name, rows in EXPECTED.items() if len(rows) < 30} == {}
    # A task without a sample here has tests of its own.
    assert set(EXPECTED) == set(LAYOUTS) <= set(NAMES)


@pytest.mark.parametrize(("name", "write"), EVERY)
def test_count_gold_and_subset(name: str, write: Write, tmp_path: Path) -> None:
    write(tmp_path)
    questions = questions_of(name, tmp_path)
    assert len(questions) == len(EXPECTED[name])
    for text, right, subset in EXPECTED[name]:
        (found,) = [one for one in questions if f"{text}\n" in one.prompt]
        assert right_answer(found) == right
        assert found.subset == subset


@pytest.mark.parametrize(("name", "write"), EVERY)
def test_the_right_one_is_scored_and_a_wrong_one_is_not(name: str, write: Write, tmp_path: Path) -> None:
    write(tmp_path)
    task = task_named(name)
    questions = questions_of(name, tmp_path)
    wrong = {"mcq": "Answer: {}", "qa": "Answer: {}"}
    for question in questions:
        labels = question.facts.get("labels", "")
        form = wrong.get(name) or _form(question.prompt)
        other = next((label for label in labels if label != question.gold), "7654321")
        right = task.score(question, Answer(f"Thus it is so.\n{form.format(question.gold)}"))
        assert (right.correct, right.score) == (True, 1.0), (question.prompt, right)
        assert not task.score(question, Answer(f"Thus it is so.\n{form.format(other)}")).correct
        assert task.score(question, Answer("")).extracted is None


def _form(prompt: str) -> str:
    """The form of the last line that the prompt asks for."""
    if "####" in prompt:
        return "#### {}"
    if "\\boxed" in prompt:
        return "\\boxed{{{}}}"
    return "答案：{}" if "答案：X" in prompt else "Answer: {}"


@pytest.mark.parametrize(("name", "write"), WITH_EXAMPLES)
def test_solved_examples_stand_in_front(name: str, write: Write, tmp_path: Path) -> None:
    write(tmp_path)
    alone = questions_of(name, tmp_path)
    for bare, question in zip(alone, questions_of(name, tmp_path, shots=1), strict=True):
        first, solved, asked = question.messages
        assert [one["role"] for one in question.messages] == ["user", "assistant", "user"]
        # The last message is the question as it is without examples, but for the instruction above it.
        assert bare.prompt.endswith(f"\n\n{asked['content']}\n")
        assert question.prompt == f"{first['content']}\n{solved['content']}\n\n{asked['content']}\n"
        assert (question.gold, question.subset, question.facts) == (bare.gold, bare.subset, bare.facts)
        example = next(
            one for one in alone if first["content"].endswith(one.prompt.partition("\n\n")[2][:-1])
        )
        # What an example answers is right by the rules that score answers.
        assert task_named(name).score(example, Answer(solved["content"])).correct
        assert example.subset == question.subset


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_the_letters_of_the_right_choices_vary(name: str, tmp_path: Path) -> None:
    LAYOUTS[name][0](tmp_path)
    questions = questions_of(name, tmp_path)
    if "labels" in questions[0].facts:
        often = Counter(one.gold for one in questions)
        assert set(often) == set(questions[0].facts["labels"])
        assert max(often.values()) < 0.8 * len(questions)


def test_one_folder_holds_all_data_sets(tmp_path: Path) -> None:
    together = {name: writers[0] for name, writers in LAYOUTS.items() if name not in ("mcq", "qa")}
    for write in together.values():
        write(tmp_path)
    for name in together:
        assert len(questions_of(name, tmp_path)) == len(EXPECTED[name]), name
