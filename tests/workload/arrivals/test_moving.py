"""Rates that change with time: the planned process against theory."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.workload.arrivals.burst import Burst
from aisbench.workload.arrivals.gaps import Gaps
from aisbench.workload.arrivals.moving import Pieces, Sine
from aisbench.workload.arrivals.reading import burst, series, sine, steps
from aisbench.workload.arrivals.steady import Steady

SHAPES = [steps("100x10s,0x5s,300x10s"), Pieces((0, 10, 20), (0, 200), (200, 50)), Sine(100, 100, 7)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("burstiness", [0.5, 1.0, math.inf])
def test_as_many_leave_in_every_second_as_theory_says(shape: Pieces | Sine, burstiness: float) -> None:
    count = shape.count_within(20)
    times = replace(shape, gaps=Gaps(burstiness, 3)).offsets_ns(count) / 1e9
    assert (np.diff(times) >= 0).all()
    assert times[-1] <= 20 + 1e-6
    for second in range(20):
        expected = np.diff(shape.expected(np.array([second, second + 1.0])))[0]
        seen = ((times > second) & (times <= second + 1)).sum()
        # Five standard deviations of a renewal process, and an edge at either end.
        assert abs(seen - expected) <= 5 * math.sqrt(expected / burstiness) + 2


# A rate of 1e-306 reaches its first request at no time that a float can hold.
RATES = st.just(0.0) | st.floats(1e-3, 500)


@given(
    st.lists(st.tuples(RATES, RATES, st.floats(0.1, 50)), min_size=1, max_size=6),
    st.floats(0.001, 0.999),
)
def test_the_inverse_is_one(pieces: list[tuple[float, float, float]], share: float) -> None:
    starts = (0.0, *np.cumsum([span for *_, span in pieces]).tolist())
    shape = Pieces(starts, tuple(p[0] for p in pieces), tuple(p[1] for p in pieces))
    asked = share * shape.expected(np.array(starts[-1]))
    reached = shape.expected(shape.times_s(np.array([asked])))[0]
    assert reached == pytest.approx(asked, rel=1e-6, abs=1e-6)


def test_one_step_is_a_constant_rate() -> None:
    plain = Steady(40, Gaps(seed=5)).offsets_ns(500)
    shaped = steps("40x1s", Gaps(seed=5)).offsets_ns(500)
    assert np.abs(plain - shaped).max() <= 2


def test_bursts_leave_at_once() -> None:
    shape = burst("3x2s")
    assert shape == Burst(3, 2.0)
    assert shape.count_within(4) == 6
    assert (shape.offsets_ns(7) / 1e9).tolist() == [0, 0, 0, 2, 2, 2, 4]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate_steps": "-1x3s"}, "--rate-steps '-1x3s'"),
        ({"rate_steps": "10x"}, "RATExSECONDS"),
        ({"rate_sine": "10,20,3s"}, "amplitude from 0 to the mean"),
        ({"burst": "1.5x3s"}, "whole number"),
        ({"burst": "5x3s", "rate_sine": "9,1,3s"}, "both set the rate"),
        ({"burst": "5x3s", "rate": 4.0}, "leave out --rate"),
    ],
)
def test_what_cannot_be_read_or_followed(options: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        RunConfig(**options).check()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at least two points"),
        ("0,5\n2,x\n", "line 2"),
        ("time_s,rate\n0,5\n3,1\n3,2\n", "line 4.*increase"),
        ("0,5\n2,-1\n", "line 2.*at least 0"),
    ],
)
def test_a_bad_series(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "rates.csv").write_text(text)
    with pytest.raises(BadInput, match=words):
        series(str(tmp_path / "rates.csv"))


def test_no_more_leave_than_a_rate_that_ends_lets() -> None:
    with pytest.raises(BadInput, match="ends at 0"):
        steps("10x1s,0x1s").offsets_ns(50)
    assert sine("20,10,60s") == Sine(20, 10, 60)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbftime_s,rate\r\n0,1\r\n10,5\r\n",
        b"time_s;rate\n0;1\n10;5\n",
        b"0\t1\n10\t5\n",
        b"0,1\r10,5\r",
    ],
)
def test_a_series_as_spreadsheets_write_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rates.csv").write_bytes(content)
    assert series(str(tmp_path / "rates.csv")) == Pieces((0.0, 10.0), (1.0,), (5.0,))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("0,1\n10,5\n".encode("utf-16"), "is in UTF-16; save it as UTF-8"),
        ("zeit,rat\u00e9\n".encode("latin-1"), "is not UTF-8; save it as UTF-8"),
        (b"\x1f\x8b\x08\x00", "is compressed with gzip"),
    ],
)
def test_a_series_in_another_encoding_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "rates.csv").write_bytes(content)
    with pytest.raises(BadInput, match=f"^--rate-series .*rates.csv {said}"):
        series(str(tmp_path / "rates.csv"))
