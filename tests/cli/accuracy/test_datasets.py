"""`aisbench datasets`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from aisbench.accuracy.tasks.registry import NAMES, task_named
from aisbench.cli.accuracy.datasets import datasets
from aisbench.errors import BadInput


def said(*names: str) -> str:
    done = CliRunner().invoke(datasets, names, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_all_are_listed_with_what_they_test_and_their_files() -> None:
    lines = said().splitlines()
    assert max(map(len, lines)) <= 110
    text = " ".join(" ".join(lines).split())
    for name in NAMES:
        task = task_named(name)
        assert f"{name} {' '.join(task.about.split())} - " in text
        for layout in task.files:
            assert f"- {' '.join(layout.split())}" in text


def test_one_alone() -> None:
    assert said("arc_c") == (
        "arc_c\n"
        "    grade-school science questions, the hard ones; mostly four choices\n"
        '    - ARC/ARC-c/ARC-Challenge-Test.jsonl: {"question": {"stem", "choices": [{"text", "label"}]},\n'
        '      "answerKey"}; examples in ARC-Challenge-Dev.jsonl\n'
        "    - Hugging Face's allenai/ai2_arc, ARC-Challenge/test-*.parquet: question, choices, answerKey;\n"
        "      examples in validation-*.parquet\n"
        "\n"
        "Put the folders into one folder and pass it to --dataset-path, or pass a single data set's folder or file.\n"
    )


def test_an_unknown_one() -> None:
    with pytest.raises(BadInput, match=r"data set 'gsm8' is unknown; did you mean gsm8k\?"):
        said("gsm8")
