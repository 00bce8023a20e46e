"""The accuracy at a load, and how it changes with the load."""

from __future__ import annotations

import pytest

from aisbench.shares import wilson_interval
from aisbench.studies.saturation.answers.change import changes
from aisbench.studies.slo.scores import accuracy_of, pooled_scores, share_right


def test_a_question_counts_once_however_often_it_is_asked() -> None:
    once = {question: (float(question < 30),) for question in range(40)}
    thrice = pooled_scores([once] * 3)
    assert share_right(thrice) == share_right(once)
    found = accuracy_of(thrice)
    assert found is not None
    assert (found["answers"], found["questions"], found["share"]) == (120, 40, 0.75)
    # Asking the same questions again does not make the interval narrower.
    assert (found["low"], found["high"]) == wilson_interval(30, 40)


def test_answers_that_differ_count_with_their_mean() -> None:
    found = accuracy_of(pooled_scores([{1: (1.0,), 2: (0.0,)}, {1: (0.0,)}]))
    assert found is not None
    assert (found["share"], found["questions"]) == (0.25, 2)
    assert accuracy_of({}) is None


def test_each_load_is_compared_with_the_lowest_over_the_questions_that_both_asked() -> None:
    low = dict.fromkeys(range(50), (1.0,))
    high = {question: (float(question % 2),) for question in range(200)}
    none, base, same, change, apart = changes([1, 2, 4, 8, 16], [{}, low, low, high, {999: (1.0,)}])
    assert none is base is apart is None
    assert same is not None
    assert (same["difference"], same["verdict"]) == (0.0, "cannot tell")
    assert change is not None
    assert (change["from_load"], change["questions"]) == (2, 50)
    assert (change["right_to_wrong"], change["wrong_to_right"]) == (25, 0)
    assert change["difference"] == pytest.approx(-0.5)
    assert change["low"] < -0.5 < change["high"] < 0
    assert change["verdict"] == "worse"
