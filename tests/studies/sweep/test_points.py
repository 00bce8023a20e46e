"""The points of a grid: their order, their names, and the seeds of their runs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.studies.sweep.grid import parse_grid
from aisbench.studies.sweep.points import (
    Point,
    check_distinct,
    combinations,
    curve_of,
    load_of,
    without_secrets,
)


def test_the_last_axis_changes_first() -> None:
    found = list(combinations(parse_grid(["input_len=512,2048 concurrency=1,8"])))
    assert [tuple(one.values()) for one in found] == [
        ("512", "1"),
        ("512", "8"),
        ("2048", "1"),
        ("2048", "8"),
    ]


def test_every_run_has_prompts_of_its_own_where_the_server_may_cache_them() -> None:
    points = [Point({"concurrency": str(n)}, RunConfig(seed=5, concurrency=n)) for n in (1, 2)]
    seeds = {point.config_of(repetition).seed for point in points for repetition in range(3)}
    assert len(seeds) == 6
    # The place in the grid does not matter, so that another sweep sends the same prompts at the same point.
    assert Point({"concurrency": "1"}, RunConfig(seed=5)).config_of(0).seed == points[0].config_of(0).seed


def test_points_share_their_prompts_where_the_cache_is_emptied_or_a_file_has_them() -> None:
    for config in (RunConfig(seed=5, reset_prefix_cache=True), RunConfig(seed=5, dataset_path="a.jsonl")):
        points = [Point({"concurrency": str(n)}, replace(config, concurrency=n)) for n in (1, 2)]
        assert [[point.config_of(at).seed for at in range(3)] for point in points] == [[5, 6, 7]] * 2


def test_servers_get_the_same_prompts() -> None:
    points = [
        Point({"url": url, "concurrency": "1"}, RunConfig(seed=5, url=(url,)))
        for url in ("http://a", "http://b")
    ]
    assert points[0].config_of(1).seed == points[1].config_of(1).seed


def test_a_seed_stays_in_its_range() -> None:
    largest = RunConfig(seed=(1 << 32) - 1, reset_prefix_cache=True)
    assert Point({}, largest).config_of(1).seed == 0


def test_curves_join_points_that_differ_in_their_load() -> None:
    axes = {"input_len": "512", "concurrency": "8", "rate": "2"}
    assert (curve_of(axes), load_of(axes)) == ("input_len=512", "concurrency=8 rate=2")
    assert load_of({"input_len": "512"}) == "input_len=512"


def test_names_of_folders_are_safe_and_distinct() -> None:
    plain = Point({"input_len": "512", "concurrency": "8"}, RunConfig())
    assert plain.folder == "input_len=512_concurrency=8"
    odd = [Point({"label": text}, RunConfig()).folder for text in ("../a", ".. a", "x" * 300)]
    assert len(set(odd)) == 3
    assert all("/" not in name and " " not in name and len(name) < 100 for name in odd)
    secret = without_secrets({"url": "http://me:hunter22@a", "label": "b"})
    assert secret == {"url": "http://***@a", "label": "b"}


def test_a_point_is_read_as_it_was_written() -> None:
    for rate in (None, math.inf, 2.5):
        config = RunConfig(
            rate=rate, concurrency=4, goodput={"ttft": 5.0}, api_key="sk-1", percentiles=(50.0,)
        )
        point = Point({"concurrency": "4"}, config)
        assert "sk-1" not in str(point.as_dict())
        assert Point.from_dict(point.as_dict(), "sk-1") == point


def test_an_axis_without_effect_is_refused() -> None:
    points = [Point({"random_input_len": str(n)}, RunConfig(input_len=7)) for n in (1, 2)]
    with pytest.raises(BadInput, match="random_input_len=2 changes nothing"):
        check_distinct(points)
