"""Spans of time are read as people write them."""

from __future__ import annotations

import pytest

from aisbench.durations import seconds


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90", 90.0),
        ("1.5", 1.5),
        ("30s", 30.0),
        ("5m", 300.0),
        ("5 min", 300.0),
        ("1h", 3600.0),
        ("1h30m", 5400.0),
        ("250ms", 0.25),
        ("1m 30s", 90.0),
        ("2D", 172800.0),
        ("-1", -1.0),
        ("inf", float("inf")),
    ],
)
def test_spans(text: str, wanted: float) -> None:
    assert seconds(text) == pytest.approx(wanted)


@pytest.mark.parametrize("text", ["", "fast", "5x", "m", "30s later", "1..5s", "-5m"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="span of time"):
        seconds(text)
