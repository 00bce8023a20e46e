"""How long runs are expected to take."""

from __future__ import annotations

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.studies.sweep.estimate import Ended, expected_s, options_say_s, span_text, total_text
from aisbench.studies.sweep.points import Point


def point(concurrency: int, length: int = 512, **options: object) -> Point:
    axes = {"input_len": str(length), "concurrency": str(concurrency)}
    return Point(axes, RunConfig(concurrency=concurrency, **options))  # type: ignore[arg-type]


def test_the_options_tell_where_they_can() -> None:
    assert options_say_s(RunConfig(duration_s=60.0)) == 60
    assert options_say_s(RunConfig(rate=5.0, num_requests=100)) == 20
    assert options_say_s(RunConfig(rate=5.0)) == 200
    assert options_say_s(RunConfig(concurrency=4, num_requests=100)) is None


def test_what_earlier_runs_took_beyond_their_options_is_added() -> None:
    ended = [Ended(point(1, duration_s=60.0), 66.0, 5.0), Ended(point(2, duration_s=60.0), 64.0, 5.0)]
    assert expected_s(point(4, duration_s=30.0), ended) == 35
    assert expected_s(point(1, duration_s=60.0), ended) == 66


def test_the_nearest_run_tells_about_a_closed_loop() -> None:
    assert expected_s(point(8, num_requests=100), []) is None
    ended = [
        Ended(point(1, num_requests=100), 100.0, 1.0),
        Ended(point(16, num_requests=100), 10.0, 10.0),
        Ended(point(8, 2048, num_requests=100), 50.0, 2.0),
    ]
    # Half as many in flight as at 16: at worst half of its 10 requests/s.
    assert expected_s(point(8, num_requests=100), ended) == 20
    assert expected_s(point(64, num_requests=100), ended) == 10
    assert expected_s(point(4, 2048, num_requests=100), ended) == 100


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.345, "2.3 s"),
        (45, "45 s"),
        (60, "1 min"),
        (750, "12 min 30 s"),
        (3600, "1 h"),
        (11100, "3 h 5 min"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


def test_sums() -> None:
    assert total_text({"a": 60.0, "b": 60.0}) == "about 2 min"
    assert total_text({"a": 60.0, "b": None}) == "about 1 min, without 1 whose length depends on the server"
    assert total_text({"a": None}) == "their length depends on the server"
