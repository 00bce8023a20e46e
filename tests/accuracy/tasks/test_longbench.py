"""LongBench: its files become questions, and each data set is scored by its own metric."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from aisbench.accuracy.question import Answer, Question
from aisbench.accuracy.task import Source
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput

DATA = Path(__file__).parents[2] / "data" / "accuracy" / "longbench"
LONGBENCH = task_named("longbench")


def of(subset: str) -> Question:
    return LONGBENCH.read(Source(DATA / f"{subset}.jsonl"))[0]


def test_every_known_answer_scores_fully() -> None:
    questions = LONGBENCH.read(Source(DATA))
    assert len(questions) == 32
    assert len({question.subset for question in questions}) == 21
    for question in questions:
        scored = LONGBENCH.score(question, Answer(question.gold[0]))
        assert (scored.score, scored.correct) == (1.0, True), question.subset


def test_the_text_and_the_question_are_asked() -> None:
    prompt = of("narrativeqa").prompt
    assert "Old Marten" in prompt
    assert prompt.endswith("Question: Who bought the boat?\nAnswer:")


def test_the_best_of_several_answers_counts() -> None:
    assert LONGBENCH.score(of("narrativeqa"), Answer("his niece greta")).score == 1
    part = LONGBENCH.score(of("narrativeqa"), Answer("It was Greta"))
    assert (part.score, part.correct) == (0.5, False)


def test_only_the_first_line_of_continued_examples_counts() -> None:
    question = of("trec")
    assert LONGBENCH.score(question, Answer(" Date\nQuestion: Where?\nType: Location")).score == 1
    assert LONGBENCH.score(question, Answer("Date or Location")).score == 0.5
    assert LONGBENCH.score(of("narrativeqa"), Answer("Well,\nGreta")).score == pytest.approx(2 / 3)


@pytest.mark.parametrize("text", ["", "\n", "<think>Greta"])
def test_no_answer(text: str) -> None:
    assert LONGBENCH.score(of("narrativeqa"), Answer(text)).extracted is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answers": []}, "'answers' should be a list"),
        ({"answers": "Date"}, "'answers' should be a list"),
        ({"all_classes": None}, "no 'all_classes'"),
        ({"dataset": "trek"}, "no data set 'trek'"),
        ({"context": None}, "no 'context'"),
    ],
)
def test_bad_rows(change: dict[str, object], message: str, tmp_path: Path) -> None:
    row = json.loads((DATA / "trec.jsonl").read_text().splitlines()[0]) | change
    path = tmp_path / "trec.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(BadInput, match=message):
        LONGBENCH.read(Source(path))


def test_the_even_files_are_of_the_same_kinds(tmp_path: Path) -> None:
    path = tmp_path / "trec_e.jsonl"
    path.write_text((DATA / "trec.jsonl").read_text().replace('"dataset": "trec", ', ""))
    assert LONGBENCH.read(Source(path))[0].subset == "trec"


def test_summaries_need_rouge_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rouge_score", None)
    with pytest.raises(BadInput, match=r"needs rouge-score: .*pip install"):
        LONGBENCH.read(Source(DATA / "qmsum.jsonl"))
    assert len(LONGBENCH.read(Source(DATA / "trec.jsonl"))) == 2


def test_there_are_no_shots() -> None:
    with pytest.raises(BadInput, match="--shots 2"):
        LONGBENCH.read(Source(DATA, 2))
