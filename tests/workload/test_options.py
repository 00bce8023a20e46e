"""Each option that cannot be followed is refused in one line that names its flag."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.errors import BadInput
from aisbench.workload.dataset_options import parse_range_ratio
from aisbench.workload.options import WorkloadOptions


def options(**given_options: Any) -> WorkloadOptions:
    return WorkloadOptions(**{"count": 1, "model": "m", **given_options})


@pytest.mark.parametrize(
    ("wrong", "flag"),
    [
        ({"count": 0}, "--num-requests must be a whole number of at least 1, got 0"),
        ({"count": -3}, "--num-requests must be a whole number of at least 1, got -3"),
        ({"count": 2.5}, "--num-requests must be a whole number of at least 1, got 2.5"),
        ({"input_len": -1}, "--input-len must be a whole number from 0 to 10000000, got -1"),
        ({"input_len": math.nan}, "--input-len must be a whole number from 0 to 10000000, got nan"),
        ({"input_len": 10**9}, "--input-len must be a whole number from 0 to 10000000, got 1000000000"),
        ({"output_len": 0}, "--output-len must be a whole number from 1 to 10000000, got 0"),
        ({"output_len": True}, "--output-len must be a whole number from 1 to 10000000, got True"),
        ({"prefix_len": -1}, "--prefix-len must be a whole number from 0 to 10000000, got -1"),
        ({"seed": -1}, "--seed must be a whole number from 0 to 4294967295, got -1"),
        ({"seed": 2**32}, "--seed must be a whole number from 0 to 4294967295, got 4294967296"),
        ({"range_ratio": (1.0, 0.0)}, "--range-ratio"),
        ({"range_ratio": (0.0, math.nan)}, "--range-ratio"),
        ({"range_ratio": (-0.1, 0.0)}, "--range-ratio"),
        ({"temperature": -1.0}, "--temperature must be a number of at least 0, got -1"),
        ({"temperature": math.nan}, "--temperature must be a number of at least 0, got nan"),
        ({"temperature": math.inf}, "--temperature must be a number of at least 0, got inf"),
        ({"extra_body": {"top_p": math.nan}}, "--extra-body"),
        ({"extra_body": {"day": datetime.date(2026, 1, 1)}}, "--extra-body"),
        ({"extra_body": {"stream": False}}, "--extra-body cannot replace 'stream'"),
        ({"extra_body": {"messages": []}}, "--extra-body cannot replace 'messages'"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_flag(wrong: dict[str, Any], flag: str) -> None:
    with pytest.raises(BadInput) as refused:
        options(**wrong).check()
    assert str(refused.value).startswith(flag)
    assert "\n" not in str(refused.value)


def test_what_can_be_followed_passes() -> None:
    options(
        input_len=0,
        prefix_len=1,
        seed=2**32 - 1,
        range_ratio=(0.999, 0),
        temperature=0.0,
        extra_body={"top_k": [1]},
    ).check()


@pytest.mark.parametrize(
    ("text", "ratios"),
    [
        ("0", (0.0, 0.0)),
        ("0.25", (0.25, 0.25)),
        ('{"input": 0.5, "output": 0}', (0.5, 0.0)),
        ('{"output": 0.9, "input": 0}', (0.0, 0.9)),
    ],
)
def test_range_ratios(text: str, ratios: tuple[float, float]) -> None:
    assert parse_range_ratio(text) == ratios


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "1",
        "1.0",
        "-0.1",
        "NaN",
        "true",
        "[0.1]",
        "null",
        "{}",
        '{"input": 0.1}',
        '{"input": 0, "output": 2}',
        '{"input": 0, "output": 0, "both": 0}',
        '{"input": "x", "output": 0}',
        "0.1 0.2",
    ],
)
def test_ratios_that_are_none(text: str) -> None:
    with pytest.raises(BadInput, match="--range-ratio"):
        parse_range_ratio(text)


@given(st.floats(0, 1, exclude_max=True))
def test_any_ratio_below_one_is_read_as_it_is(ratio: float) -> None:
    assert parse_range_ratio(repr(ratio)) == (ratio, ratio)
