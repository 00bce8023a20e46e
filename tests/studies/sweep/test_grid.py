"""The grid: lists, ranges and quotes, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.errors import BadInput
from aisbench.studies.sweep.grid import Axis, parse_grid


def values(text: str) -> list[str]:
    (axis,) = parse_grid([f"x={text}"])
    return list(axis.values)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("512,2048", ["512", "2048"]),
        ("1..256x2", ["1", "2", "4", "8", "16", "32", "64", "128", "256"]),
        ("1..10+3", ["1", "4", "7", "10"]),
        # The end is not passed.
        ("1..100x3", ["1", "3", "9", "27", "81"]),
        ("0.1..0.3+0.1", ["0.1", "0.2", "0.3"]),
        ("-2..2+2", ["-2", "0", "2"]),
        ("10..100x10", ["10", "100"]),
        ("1,4..16x2,20", ["1", "4", "8", "16", "20"]),
        ("random,jsonl", ["random", "jsonl"]),
        ("'a b','c,d'", ["a b", "c,d"]),
        ('"it\'s"', ["it's"]),
        ("''", [""]),
        ("'1..4x2'", ["1..4x2"]),
        ("'{\"top_k\": 1}','{\"top_k\": 5}'", ['{"top_k": 1}', '{"top_k": 5}']),
        ("10x30s", ["10x30s"]),
        ("http://a:1,http://b:2/v1?x=1", ["http://a:1", "http://b:2/v1?x=1"]),
    ],
)
def test_values(text: str, wanted: list[str]) -> None:
    assert values(text) == wanted


def test_axes_keep_their_order_in_one_text_or_several() -> None:
    wanted = (Axis("input_len", ("512", "2048")), Axis("concurrency", ("1", "2")))
    assert parse_grid(["input_len=512,2048   concurrency=1..2x2"]) == wanted
    assert parse_grid(["input_len=512,2048", "concurrency=1,2"]) == wanted


@given(st.integers(1, 50), st.integers(0, 3000), st.integers(2, 9))
def test_ranges_are_those_of_python(first: int, more: int, step: int) -> None:
    last = first + more
    assert values(f"{first}..{last}+{step}") == [str(one) for one in range(first, last + 1, step)]
    powers = [first * step**at for at in range(13)]
    assert values(f"{first}..{last}x{step}") == [str(one) for one in powers if one <= last]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "--grid is empty"),
        ("  ", "--grid is empty"),
        ("concurrency", "'concurrency' is not NAME=VALUES"),
        ("=1,2", "is not NAME=VALUES"),
        ("x=", "--grid x has an empty value"),
        ("x=1,,2", "--grid x has an empty value"),
        ("x=1,1", "--grid x names 1 twice"),
        ("x=1..4x2,4", "--grid x names 4 twice"),
        ("x=1..8", "1..8 has no step; give 1..256x2"),
        ("x=8..1x2", "8..1x2 ends below its beginning"),
        ("x=0..8x2", "needs a beginning above 0"),
        ("x=1..8x1", "a factor above 1"),
        ("x=1..8+0", "a step above 0"),
        ("x=1..8*2", "1..8*2 is not a range"),
        ("x='a b", "is not closed"),
        ("x=1..100000+1", "more than 10,000 values"),
        ("x=1..200+1 y=1..200+1", "--grid has 40,000 points"),
    ],
)
def test_what_is_no_grid(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=r"^--grid") as bad:
        parse_grid([text])
    assert told in str(bad.value)
