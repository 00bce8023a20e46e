"""Averages of scored answers, against scipy and against counting every case."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter

import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from aisbench.accuracy.averages import Averages, Graded, averages, majority, pass_at_k


def graded(
    question: int,
    right: float,
    *,
    subset: str = "",
    sample: int = 0,
    said: str | None = "A",
    **others: object,
) -> Graded:
    return Graded(question, sample, subset, float(right), right == 1, said, **others)  # type: ignore[arg-type]


def of(answers: list[Graded]) -> Averages:
    found = averages(answers)
    assert found is not None
    return found


SCORES = st.lists(st.sampled_from([0.0, 1.0, 0.25]), min_size=2, max_size=40)


def test_the_two_averages_of_subsets_of_different_sizes() -> None:
    """1 of 1 in one subject and 1 of 4 in another: 62.5 % when subjects count alike, 40 % when questions do."""
    answers = [graded(0, 1, subset="law"), *(graded(at, at == 1, subset="physics") for at in range(1, 5))]
    found = of(answers)
    assert found.naive.percent == pytest.approx(62.5)
    assert found.weighted.percent == pytest.approx(40)
    assert {name: one.percent for name, one in found.subsets.items()} == {"law": 100, "physics": 25}
    assert found.subsets["law"].stderr is None
    assert found.subsets["physics"].questions == 4


@given(SCORES)
def test_one_answer_a_question_has_the_plain_standard_error(scores: list[float]) -> None:
    found = of([graded(at, score) for at, score in enumerate(scores)])
    assert found.weighted.percent == pytest.approx(100 * sum(scores) / len(scores))
    assert found.weighted.stderr == pytest.approx(100 * scipy.stats.sem(scores), abs=1e-9)
    assert found.naive == found.weighted, "without subsets the two are the same"
    assert found.subsets == {}
    assert found.repeated is None


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=2, max_size=20))
def test_several_answers_have_the_clustered_standard_error(right: list[list[bool]]) -> None:
    """Miller's equation for clusters, pair by pair, with the sample's n - 1."""
    found = of([graded(q, one, sample=s) for q, group in enumerate(right) for s, one in enumerate(group)])
    n = 3 * len(right)
    mean = sum(map(sum, right)) / n
    within = sum((a - mean) * (b - mean) for group in right for a in group for b in group)
    wanted = math.sqrt(within) / n * math.sqrt(len(right) / (len(right) - 1))
    assert found.weighted.stderr == pytest.approx(100 * wanted, abs=1e-9)
    assert found.weighted.answers == n
    assert found.weighted.questions == len(right)


@given(st.lists(SCORES, min_size=1, max_size=5))
def test_the_error_of_the_naive_average(subsets: list[list[float]]) -> None:
    answers = [
        graded(1000 * at + place, score, subset=f"s{at}")
        for at, scores in enumerate(subsets)
        for place, score in enumerate(scores)
    ]
    found = of(answers)
    wanted = math.sqrt(sum(scipy.stats.sem(scores) ** 2 for scores in subsets)) / len(subsets)
    assert found.naive.stderr == pytest.approx(100 * wanted, abs=1e-9)
    assert found.naive.percent == pytest.approx(
        100 * sum(sum(scores) / len(scores) for scores in subsets) / len(subsets)
    )


def test_a_subset_of_one_question_lends_the_spread_of_all() -> None:
    answers = [graded(0, 1, subset="law"), *(graded(at, at == 1, subset="physics") for at in range(1, 5))]
    whole, physics = scipy.stats.tstd([1, 1, 0, 0, 0]), scipy.stats.sem([1, 0, 0, 0])
    assert of(answers).naive.stderr == pytest.approx(100 * math.hypot(whole, physics) / 2)


@given(st.integers(2, 500), st.data())
def test_the_interval_of_right_and_wrong_is_wilsons(count: int, data: st.DataObject) -> None:
    """By the sample's n - 1, or n where every answer is the same."""
    right = data.draw(st.integers(0, count))
    found = of([graded(at, at < right) for at in range(count)]).weighted
    effective = count if right in (0, count) else count - 1
    score = scipy.stats.norm.ppf(0.975) / math.sqrt(effective)
    # The ends of Wilson's interval are where the score test just rejects.
    for end in (found.low / 100, found.high / 100):
        assert abs(end - right / count) == pytest.approx(score * math.sqrt(end * (1 - end)), abs=1e-6)
    assert 0 <= found.low <= found.percent + 1e-9
    assert found.percent - 1e-9 <= found.high <= 100


def test_all_right_is_not_certain() -> None:
    found = of([graded(at, 1) for at in range(30)]).weighted
    assert found.stderr == 0
    assert found.high == pytest.approx(100)
    assert found.low == pytest.approx(88.65, abs=0.01)


def test_a_single_question_has_no_standard_error() -> None:
    found = of([graded(0, 1)])
    assert found.weighted.stderr is None
    assert found.weighted.low < 30


@given(st.integers(1, 8), st.data())
def test_pass_at_k_is_the_share_of_all_choices(answers: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, answers))
    k = data.draw(st.integers(1, answers))
    drawn = list(itertools.combinations([True] * right + [False] * (answers - right), k))
    assert pass_at_k(answers, right, k) == pytest.approx(sum(map(any, drawn)) / len(drawn))


def test_figures_of_several_answers() -> None:
    answers = [
        *(graded(0, said == "7", sample=at, said=said) for at, said in enumerate(["7", "7", "3", "7", None])),
        *(graded(1, said == "9", sample=at, said=said) for at, said in enumerate(["1", "9", "1", "2", "9"])),
    ]
    found = of(answers).repeated
    assert found is not None
    assert found.n == 5
    assert found.avg == pytest.approx(50)
    assert list(found.pass_at) == [1, 2, 4, 5]
    assert found.pass_at[1] == pytest.approx(50)
    assert found.pass_at[2] == pytest.approx(100 * (9 / 10 + 7 / 10) / 2)
    assert found.pass_at[5] == 100
    assert found.cons == 50, "of 1 and 9, said twice each, the one said first is taken"
    assert list(found.as_dict()) == ["n", "avg@5", "pass@1", "pass@2", "pass@4", "pass@5", "cons@5"]


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=9))
def test_the_majority_is_said_most_and_earliest(said: list[str | None]) -> None:
    answers = [graded(0, 0, sample=at, said=text) for at, text in enumerate(said)]
    found = majority(answers)
    votes = Counter(text for text in said if text is not None)
    if not votes:
        assert found is None
        return
    assert found is not None
    most = {text for text, count in votes.items() if count == max(votes.values())}
    assert found.extracted in most
    assert found.sample == min(said.index(text) for text in most)


def test_a_question_with_lost_answers_counts_as_much_as_others() -> None:
    found = of([graded(0, 1), graded(1, 0), graded(1, 0, sample=1), graded(1, 0, sample=2)])
    assert found.weighted.percent == 50
    assert found.repeated is not None
    assert found.repeated.n == 1
    assert found.repeated.pass_at == {1: 50}


def test_shares_of_the_answers() -> None:
    answers = [
        graded(0, 1, length=10),
        graded(1, 0, said=None, finish="length", length=90),
        graded(2, 1, sure=False, length=20),
        graded(3, 0, said=None, sure=False, length=40),
    ]
    found = of(answers)
    assert (found.correct, found.no_answer, found.cut, found.unsure) == (2, 2, 1, 1)
    assert found.share(found.no_answer) == 50
    assert found.mean_length == 40


def test_the_order_of_the_answers_does_not_matter() -> None:
    answers = [
        graded(q, (q + s) % 3 == 0, sample=s, said=str((q + s) % 3), subset="ab"[q % 2])
        for q in range(9)
        for s in range(4)
    ]
    assert of(answers[::-1]) == of(answers)


def test_nothing_has_no_average() -> None:
    assert averages([]) is None


def test_as_json() -> None:
    answers = [graded(at, at % 2, subset="ab"[at > 3], sample=0) for at in range(8)]
    found = json.loads(json.dumps(of(answers).as_dict()))
    assert found["accuracy"] == found["weighted_average"] == found["naive_average"] == 50
    assert found["counts"]["questions"] == found["counts"]["answers"] == 8
    assert set(found["subsets"]) == {"a", "b"}
    assert found["subsets"]["a"]["questions"] == 4
    assert "repeated" not in found
