"""Bounds as they are written, and measurements held against them."""

from __future__ import annotations

import numpy as np
import pytest

from aisbench.errors import BadInput
from aisbench.studies.slo.held import Share, hold_latency, hold_share
from aisbench.studies.slo.terms import parse_slo


def test_terms_are_separated_by_blanks_or_commas() -> None:
    terms = parse_slo("ttft_p99<500, tpot_mean<=50 e2el_median<2e3 error_rate<0.01")
    assert [str(term) for term in terms] == [
        "ttft_p99<500",
        "tpot_mean<50",
        "e2el_median<2000",
        "error_rate<0.01",
    ]
    assert [term.percent for term in terms] == [99.0, None, 50.0, None]


def test_shares_may_be_per_cent_and_accuracy_is_bounded_from_below() -> None:
    terms = parse_slo("accuracy>=70% error_rate<1%")
    assert [(str(term), term.bound) for term in terms] == [("accuracy>0.7", 0.7), ("error_rate<0.01", 0.01)]
    # What is written in saturation.json is read again.
    assert parse_slo(" ".join(map(str, terms))) == terms


def test_accuracy_holds_above_its_bound() -> None:
    (term,) = parse_slo("accuracy>0.7")
    # The textbooks' interval for 80 of 100 is 0.711 to 0.867, for 75 of 100 it is 0.657 to 0.825.
    held = hold_share(term, Share(80, 100))
    assert (held.met, held.clear) == (True, True)
    assert held.low == pytest.approx(0.711, abs=1e-3)
    held = hold_share(term, Share(75, 100))
    assert (held.met, held.clear) == (True, False)
    held = hold_share(term, Share(65, 100))
    assert (held.met, held.clear) == (False, False)
    held = hold_share(term, Share(50, 100))
    assert (held.met, held.clear) == (False, True)
    # Scores such as F1 count in part.
    assert hold_share(term, Share(79.5, 100)).value == pytest.approx(0.795)
    assert not hold_share(term, Share(0, 0)).met


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ttft_p99>500", "'ttft_p99>500' is not a bound"),
        ("ttft_p99<1.2.3", "'ttft_p99<1.2.3' is not a bound"),
        ("ttft_p99<50%", "'ttft_p99<50%' is not a bound"),
        ("accuracy<0.7", "'accuracy<0.7' is not a bound; give terms such as"),
        ("accuracy>70", "accuracy>70 is out of range; give a share above 0 and below 1, or per cent as in"),
        ("accuracy>0", "accuracy>0 is out of range"),
        ("latency<500", "unknown figure 'latency'"),
        ("itq_p99<5", "unknown figure 'itq_p99'"),
        ("ttft_p100<500", "give one between 0 and 100"),
        ("ttft_p99<0", "give milliseconds above 0"),
        ("error_rate<1", "give a share from 0 to below 1"),
        ("ttft_p99<5 ttft_p99<6", "names ttft_p99 twice"),
    ],
)
def test_what_is_no_bound_is_named(text: str, told: str) -> None:
    with pytest.raises(BadInput, match="--slo") as problem:
        parse_slo(text)
    assert told in str(problem.value)


def test_a_percentile_is_clear_when_its_interval_lies_on_one_side() -> None:
    (term,) = parse_slo("ttft_p90<100")
    low = hold_latency(term, np.linspace(1, 50, 1000))
    assert low.met
    assert low.clear
    # The true p90 of 1 to 110 is 99.1, too near to 100 to be told from 200 values.
    near = hold_latency(term, np.linspace(1, 110, 200))
    assert near.met
    assert not near.clear
    assert near.low is not None
    assert near.high is not None
    assert near.low < 99.1 < near.high


def test_requests_that_never_came_to_a_latency_are_the_slowest() -> None:
    (term,) = parse_slo("ttft_p90<100")
    values = np.full(100, 10.0)
    values[:20] = np.inf
    held = hold_latency(term, values)
    assert held.value is None
    assert not held.met
    assert held.clear


def test_few_values_support_no_tail() -> None:
    (term,) = parse_slo("ttft_p99<100")
    held = hold_latency(term, np.full(50, 10.0))
    assert held.met
    assert not held.clear


def test_few_values_can_show_clearly_that_a_tail_is_too_long() -> None:
    # Of 200 values no p99 has an upper end, but all of these are above the bound.
    (term,) = parse_slo("ttft_p99<100")
    held = hold_latency(term, np.linspace(150, 200, 200))
    assert not held.met
    assert held.clear
    assert held.low is not None
    assert held.high is None
    # With 50 values there is no end at all below, either, unless nearly all are above.
    assert not hold_latency(term, np.append(np.full(49, 10.0), 200.0)).clear


def test_no_failure_among_few_requests_does_not_show_a_small_share() -> None:
    (term,) = parse_slo("error_rate<0.01")
    assert hold_share(term, Share(0, 100)).met
    assert not hold_share(term, Share(0, 100)).clear
    assert hold_share(term, Share(0, 1000)).clear
    failed = hold_share(term, Share(50, 1000))
    assert not failed.met
    assert failed.clear
    # Wilson's interval for 10 of 100, as in the textbooks.
    ten = hold_share(term, Share(10, 100))
    assert ten.low == pytest.approx(0.0552, abs=1e-4)
    assert ten.high == pytest.approx(0.1744, abs=1e-4)
