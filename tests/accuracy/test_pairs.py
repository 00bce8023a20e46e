"""Two runs over the same questions, against scipy and against trying every case."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from aisbench.accuracy.pairs import (
    MCNEMAR,
    REPLICATES,
    SIGN_FLIP,
    Outcome,
    Paired,
    difference_interval,
    mcnemar,
    p_text,
    paired,
    prompt_digest,
    sentence,
    sign_flip,
)
from aisbench.errors import BadInput


def outcomes(*scores: float | tuple[float, ...], prompt: str = "p") -> dict[str, Outcome]:
    return {
        str(at): Outcome(f"{prompt}{at}", each if isinstance(each, tuple) else (each,))
        for at, each in enumerate(scores)
    }


def counted(both: int, fell: int, rose: int, neither: int) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
    """Two runs with so many questions of each kind."""
    first = [1] * both + [1] * fell + [0] * rose + [0] * neither
    second = [1] * both + [0] * fell + [1] * rose + [0] * neither
    return outcomes(*first), outcomes(*second)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_binomial_test(fell: int, rose: int) -> None:
    wanted = scipy.stats.binomtest(fell, fell + rose).pvalue if fell + rose else 1.0
    assert mcnemar(fell, rose) == pytest.approx(wanted, rel=1e-9)


def test_mcnemar_of_very_many() -> None:
    assert mcnemar(6000, 6000) == 1
    assert mcnemar(5800, 6200) == pytest.approx(scipy.stats.binomtest(5800, 12000).pvalue, rel=1e-6)


GAINS = st.lists(st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=10)


@given(GAINS)
def test_sign_flips_against_all_of_them(gained: list[float]) -> None:
    values = np.array(gained)
    sums = [abs(sum(sign * gain for sign, gain in zip(signs, gained, strict=True))) for signs in itertools.product((1, -1), repeat=len(gained))]  # fmt: skip
    wanted = np.mean([total >= abs(sum(gained)) - 1e-9 for total in sums])
    # Five standard deviations of so many random flips.
    slack = 5 * np.sqrt(wanted * (1 - wanted) / REPLICATES) + 2 / REPLICATES
    assert sign_flip(values, np.random.default_rng(0)) == pytest.approx(wanted, abs=slack)


def test_sign_flips_of_right_and_wrong_are_mcnemars() -> None:
    values = np.array([-1.0] * 24 + [1.0] * 11 + [0.0] * 200)
    assert sign_flip(values, np.random.default_rng(1)) == pytest.approx(mcnemar(24, 11), abs=0.01)


def test_the_interval_against_scipys_bootstrap() -> None:
    values = np.array([-1.0] * 60 + [1.0] * 35 + [0.0] * 405 + [0.5] * 20)
    wanted = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=REPLICATES, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    low, high = difference_interval(values, np.random.default_rng(6))
    assert low == pytest.approx(wanted.low, abs=0.003)
    assert high == pytest.approx(wanted.high, abs=0.003)


def test_the_interval_of_graded_scores_that_are_all_different() -> None:
    values = np.random.default_rng(2).normal(0.01, 0.1, 3000)
    low, high = difference_interval(values, np.random.default_rng(6))
    reach = 1.96 * values.std() / np.sqrt(3000)
    assert low == pytest.approx(values.mean() - reach, abs=3e-4)
    assert high == pytest.approx(values.mean() + reach, abs=3e-4)


def test_no_difference_among_few_questions_is_not_none_at_all() -> None:
    low, high = difference_interval(np.zeros(30), np.random.default_rng(0))
    assert high == pytest.approx(0.0950, abs=1e-4), "0.905 ** 30 is 0.05"
    assert low == -high
    low, high = difference_interval(np.ones(3), np.random.default_rng(0))
    assert high == 1
    assert low < 0, "three questions do not prove a gain of all"


def test_a_clear_loss() -> None:
    found = paired(*counted(500, 92, 42, 685))
    assert found.test == MCNEMAR
    assert (found.right_to_wrong, found.wrong_to_right, found.questions) == (92, 42, 1319)
    assert found.first == pytest.approx(100 * 592 / 1319)
    assert found.difference == pytest.approx(-100 * 50 / 1319)
    assert found.low < found.difference < found.high < 0
    assert found.p == pytest.approx(scipy.stats.binomtest(42, 134).pvalue)
    assert found.verdict == "worse"
    assert sentence(found, "bf16", "int4").startswith(
        "int4 is worse than bf16: 41.09 % against 44.88 %, a difference of -3.79 points (95 % interval -5."
    )
    better = paired(*counted(500, 42, 92, 685))
    assert better.verdict == "better"


def test_what_chance_explains() -> None:
    found = paired(*counted(500, 50, 45, 400))
    assert found.verdict == "cannot tell"
    text = sentence(found, "a", "b")
    assert text.startswith("No difference between b and a can be shown: 54.77 % against 55.28 %")
    assert f"A loss of up to {-found.low:.2f} points is not ruled out." in text


def test_several_answers_to_each_question_go_together() -> None:
    first = outcomes((1, 1, 0, 1), (0, 0, 0, 0), (1, 1, 1, 1), (0.5, 0.5))
    second = outcomes((1, 1, 0, 0), (0, 0), (1, 0), (0.5, 0.5))
    found = paired(first, second)
    assert found.test == SIGN_FLIP
    assert found.difference == pytest.approx(-100 * (0.25 + 0.5) / 4)
    assert (found.right_to_wrong, found.wrong_to_right) == (2, 0)


def test_thirds_that_are_equal_do_not_differ_by_rounding() -> None:
    found = paired(outcomes((1, 0, 0)), outcomes((0, 0, 1, 0, 1, 0)))
    assert (found.right_to_wrong, found.wrong_to_right) == (0, 0)


def test_questions_of_one_run_alone_are_counted_and_left_out() -> None:
    first, second = outcomes(1, 0, 1, 1), outcomes(1, 0)
    second["extra"] = Outcome("x", (1,))
    found = paired(first, second)
    assert (found.questions, found.only_first, found.only_second) == (2, 2, 1)
    assert found.first == found.second == 50


def test_other_prompts_cannot_be_paired() -> None:
    with pytest.raises(BadInput, match="the prompts of 2 of 2 questions differ, first of question 0"):
        paired(outcomes(1, 0), outcomes(1, 0, prompt="q"))
    with pytest.raises(BadInput, match="no question in common"):
        paired({}, outcomes(1))


def test_the_same_seed_gives_the_same() -> None:
    random = np.random.default_rng(0)
    first = outcomes(*random.random(200).round(2).tolist())
    second = outcomes(*random.random(200).round(2).tolist())
    assert paired(first, second, seed=4) == paired(first, second, seed=4)
    assert paired(first, second, seed=4) != paired(first, second, seed=5)
    assert Paired(**json.loads(json.dumps(paired(first, second).as_dict()))) == paired(first, second)


def test_digests_tell_prompts_apart() -> None:
    messages = [{"role": "user", "content": "2 + 2?"}]
    assert prompt_digest(messages) == prompt_digest([{"content": "2 + 2?", "role": "user"}])
    assert prompt_digest(messages) != prompt_digest("2 + 2?")
    assert prompt_digest("\ud83d") != prompt_digest("?"), "also half a character"


@pytest.mark.parametrize(("p", "text"), [(0.5, "0.50"), (0.0042, "0.0042"), (1e-9, "under 0.0001")])
def test_p_as_people_read_it(p: float, text: str) -> None:
    assert p_text(p) == text
