"""Laws of lengths: what they draw, and what is no law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.errors import BadInput
from aisbench.workload.tokens.length_laws import parse_law

MANY = 200_000


def drawn(text: str, count: int = MANY, least: int = 1) -> np.ndarray:
    return parse_law("--input-dist", text, least).draw(np.random.default_rng(1), count)


@st.composite
def laws(draw: st.DrawFn) -> tuple[str, int, int]:
    low = draw(st.integers(1, 500))
    high = low + draw(st.integers(0, 500))
    kind = draw(st.sampled_from(["fixed", "uniform", "gaussian", "zipf", "percentiles"]))
    number = st.integers(1, 2000)
    if kind == "fixed":
        body = f"{draw(number)}"
    elif kind == "uniform":
        first = draw(number)
        body = f"{first}-{first + draw(number)}"
    elif kind == "gaussian":
        body = f"mean={draw(number)},std={draw(st.floats(0, 1000))!r}"
    elif kind == "zipf":
        body = f"alpha={draw(st.floats(0, 50))!r}"
    else:
        shares = sorted(draw(st.sets(st.integers(0, 100), min_size=1, max_size=5)))
        lengths = sorted(draw(st.lists(number, min_size=len(shares), max_size=len(shares))))
        body = ",".join(f"{share}={length}" for share, length in zip(shares, lengths, strict=True))
    return f"{kind}:{body},min={low},max={high}", low, high


@given(laws(), st.integers(1, 300), st.integers(0, 2**32))
def test_bounds_always_hold(law: tuple[str, int, int], count: int, seed: int) -> None:
    text, low, high = law
    lengths = parse_law("--input-dist", text, 1).draw(np.random.default_rng(seed), count)
    assert lengths.dtype == np.int64
    assert lengths.shape == (count,)
    assert low <= lengths.min() <= lengths.max() <= high


def test_fixed() -> None:
    assert set(drawn("fixed:512", 10)) == {512}


def test_uniform_takes_both_ends_and_all_between() -> None:
    values, counts = np.unique(drawn("uniform:3-8"), return_counts=True)
    assert values.tolist() == [3, 4, 5, 6, 7, 8]
    assert counts == pytest.approx(MANY / 6, rel=0.03)


def test_gaussian_has_its_mean_and_deviation() -> None:
    lengths = drawn("gaussian:mean=500,std=80")
    assert lengths.mean() == pytest.approx(500, abs=1)
    assert lengths.std() == pytest.approx(80, abs=1)
    cut = drawn("gaussian:mean=500,std=80,min=450,max=520")
    assert np.median(cut) == 500, "moved to the bounds, not drawn again"
    assert (cut == 450).mean() == pytest.approx(0.266, abs=0.02)


def test_zipf_falls_by_its_power() -> None:
    lengths = drawn("zipf:alpha=1.5,min=1,max=1000")
    counts = np.bincount(lengths, minlength=1001)
    weights = np.arange(1, 1001) ** -1.5
    expected = MANY * weights / weights.sum()
    assert counts[1] == pytest.approx(expected[0], rel=0.02)
    assert counts[2] == pytest.approx(expected[1], rel=0.03)
    assert counts[10] == pytest.approx(expected[9], rel=0.1)
    assert drawn("zipf:alpha=0,min=5,max=9").mean() == pytest.approx(7, abs=0.05), "alpha 0 is uniform"


def test_percentiles_are_where_the_table_says() -> None:
    lengths = drawn("percentiles:50=100,90=800,99=4000,min=10,max=5000")
    for share, length in ((50, 100), (90, 800), (99, 4000)):
        assert np.percentile(lengths, share) == pytest.approx(length, rel=0.03)
    assert lengths.min() == 10
    assert lengths.max() > 4500
    flat = drawn("percentiles:50=100,90=800")
    assert (flat == 100).mean() == pytest.approx(0.5, abs=0.02), "below the first point its own length"
    assert flat.max() == 800


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "unknown law ''"),
        ("normal:1", "unknown law 'normal'"),
        ("fixed", "a length is missing"),
        ("fixed:", "a length is missing"),
        ("fixed:0", "'0' is not a whole number from 1"),
        ("fixed:a", "'a' is not a whole number"),
        ("fixed:²", "'²' is not a whole number"),
        ("fixed:1 2", "'2' is one value too many"),
        ("fixed:1,size=2", "size= is unknown"),
        ("fixed:99999999999", "is not a whole number from 1"),
        ("uniform:5", "'5' is not a range"),
        ("uniform:9-5", "9 is above 5"),
        ("gaussian:mean=5", "std= is missing"),
        ("gaussian:mean=5,std=x", "'std=x' has no number"),
        ("gaussian:mean=nan,std=1", "'mean=nan' has no number"),
        ("gaussian:mean=5,std=-1", "mean and std must be"),
        ("gaussian:mean=5,std=1,std=2", "std is given twice"),
        ("zipf:alpha=1", "max= is missing"),
        ("zipf:alpha=-1,max=9", "alpha must be at least 0"),
        ("percentiles:", "pairs of percentile and length"),
        ("percentiles:50=9,90=5", "lengths must not fall"),
        ("percentiles:101=5", "101=5 is not a length"),
        ("percentiles:50=5,50.0=6", "a percentile is given twice"),
        ("percentiles:p50=5", "'p50' is not a percentile"),
        ("fixed:5,min=0", "min must be a whole number from 1"),
        ("fixed:5,max=1.5", "max must be a whole number"),
        ("fixed:5,min=9,max=3", "min 9 is above max 3"),
    ],
)
def test_what_is_no_law_is_one_line_that_names_the_flag(text: str, why: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_law("--output-dist", text, 1)
    assert str(refused.value).startswith(f"--output-dist {text!r}: ")
    assert why in str(refused.value)
    assert "give for example" in str(refused.value)


@given(st.text(alphabet="fixeduniformgaussianzipfpercentiles:=,-. 0123456789minmaxalphastd", max_size=40))
def test_any_text_is_a_law_or_bad_input(text: str) -> None:
    try:
        law = parse_law("--input-dist", text, 1)
    except BadInput:
        return
    assert law.draw(np.random.default_rng(0), 5).min() >= 1
