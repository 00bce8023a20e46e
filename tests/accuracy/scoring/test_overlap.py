"""Exact match and F1, with figures that the published scripts give for the same texts."""

from __future__ import annotations

import pytest

from aisbench.accuracy.scoring.drop_f1 import drop_scores
from aisbench.accuracy.scoring.overlap import characters, f1, holds, squad_form, triviaqa_form, word_f1
from aisbench.accuracy.scoring.stated import Stated, stated_in


def test_forms() -> None:
    assert squad_form("The  U.S.-based Theatre, an \n Inn!") == "usbased theatre inn"
    assert triviaqa_form("The  U.S.-based Theatre, an \n Inn’s") == "u s based theatre inn s"


@pytest.mark.parametrize(
    ("found", "gold", "expected"),
    [
        ("the cat", "cat", 1.0),
        ("a black cat sat", "black cat", 0.8),
        ("dog", "cat", 0.0),
        ("", "cat", 0.0),
        ("no no no", "no", 0.5),
    ],
)
def test_word_f1(found: str, gold: str, expected: float) -> None:
    assert word_f1(found, gold) == pytest.approx(expected)


def test_chinese_is_compared_by_characters() -> None:
    assert characters("北京，是 中国的 Capital！") == list("北京是中国的capital")
    assert f1(characters("北京市。"), characters("北京")) == pytest.approx(0.8)


def test_holds_looks_for_whole_words() -> None:
    assert holds("I think it is the Amazon River.", ["The Amazon"])
    assert not holds("It is Amazonia.", ["Amazon"])
    assert not holds("anything", ["", "the"])


@pytest.mark.parametrize(
    ("found", "gold", "expected"),
    [
        (["3"], ["3.0"], (1, 1.0)),
        (["three"], ["3"], (0, 0.0)),
        (["12 men"], ["12"], (0, 0.67)),
        (["14 men"], ["12 men"], (0, 0.0)),
        (["the Bears"], ["Bears"], (1, 1.0)),
        (["Hall", "Pike"], ["Pike", "Hall"], (1, 1.0)),
        (["Hall"], ["Pike", "Hall"], (0, 0.5)),
        (["Hall", "Pike", "Stone"], ["Pike", "Hall"], (0, 0.67)),
        (["seven-year-old boy"], ["seven year old"], (0, 0.86)),
        (["14 August 1931"], ["14 August 1931"], (1, 1.0)),
        # 0.225, which the script rounds down.
        (["Bob's", "nan"], ["-2 $5 3.0 nan", "-2", "the  Bob's seven-year", "yard"], (0, 0.22)),
        (["$5.50"], ["5.50"], (0, 0.0)),
    ],
)
def test_drop_scores(found: list[str], gold: list[str], expected: tuple[float, float]) -> None:
    assert drop_scores(found, gold) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Paris", Stated("Paris", "only line", True)),
        ('"Paris".', Stated("Paris", "only line", True)),
        ("It was long ago.\nAnswer: **14 May**.", Stated("14 May", "stated answer", True)),
        ("**Answer:** Rome", Stated("Rome", "stated answer", True)),
        ("The answer is Rome.", Stated("Rome", "stated answer", True)),
        ("Answer: Rome\nNo.\nAnswer: Oslo", Stated("Oslo", "stated answer", True)),
        ("Answer:\n\n7", Stated("7", "stated answer", True)),
        ("答案是：北京。", Stated("北京", "stated answer", True)),
        ("So:\n\\boxed{42}\nas shown.", Stated("42", "box", True)),
        ("Let us see.\nProbably Rome.", Stated("Probably Rome", "last line", False)),
    ],
)
def test_the_answer_stated(text: str, expected: Stated) -> None:
    assert stated_in(text) == expected


def test_nothing_is_stated_in_nothing() -> None:
    assert stated_in(" \n") is None
