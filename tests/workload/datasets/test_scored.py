"""Tasks with known answers as data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.registry import backend_named
from aisbench.workload.datasets.recorded.scored import scored_prompts
from aisbench.workload.options import WorkloadOptions
from tests.studies.evaluation.sums import write_sums


@pytest.mark.parametrize(
    ("first", "numbers"),
    [(0, [0, 1, 2, 3, 4, 0]), (3, [3, 4, 0, 1, 2, 3]), (-2, [3, 4, 0, 1, 2, 3]), (7, [2, 3, 4, 0, 1, 2])],
)
def test_the_questions_go_round_from_the_first_one(tmp_path: Path, first: int, numbers: list[int]) -> None:
    path = write_sums(tmp_path / "gsm8k", 5)
    options = WorkloadOptions(
        dataset="gsm8k", dataset_path=str(path), model="m", count=6, first_question=first
    )
    made = scored_prompts(options, backend_named("openai-chat"))
    for prompt, number in zip(list(made.items), numbers, strict=True):
        assert f"holds {number} books" in str(prompt.messages)
    # Prompt i asks question i, modulo their number.
    assert made.questions is not None
    assert [question["gold"] for question in made.questions] == [str(n + 100) for n in numbers[:5]]


def test_an_order_can_be_drawn(tmp_path: Path) -> None:
    path = write_sums(tmp_path / "gsm8k", 50)

    def golds(*, count: int = 50, **options: Any) -> list[str]:
        made = scored_prompts(
            WorkloadOptions(dataset="gsm8k", dataset_path=str(path), model="m", count=count, **options),
            backend_named("openai-chat"),
        )
        assert made.questions is not None
        return [question["gold"] for question in made.questions]

    of_files, drawn = golds(), golds(question_seed=3)
    assert drawn != of_files
    assert sorted(drawn) == sorted(of_files)
    assert golds(question_seed=4) != drawn
    # More requests ask the same questions first, whatever the seed of the run.
    assert golds(question_seed=3, count=10, seed=8) == drawn[:10]
    assert golds(question_seed=3, count=10, first_question=-4) == [*drawn[-4:], *drawn[:6]]
