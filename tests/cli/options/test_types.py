"""Values from the command line and from config files reach the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from aisbench.cli.load import load
from aisbench.errors import BadInput

Parse = Callable[..., dict[str, Any]]


@pytest.fixture
def parse() -> Parse:
    """Returns the parsed options without running anything."""

    def parsed(*args: str) -> dict[str, Any]:
        with load.make_context("aisbench-load", list(args)) as context:
            return context.params

    return parsed


@pytest.mark.parametrize(
    ("args", "name", "wanted"),
    [
        (["--duration", "5m"], "duration_s", 300.0),
        (["--duration", "1h30m"], "duration_s", 5400.0),
        (["--timeout", "500ms"], "timeout_s", 0.5),
        (["--grace", "7"], "grace_s", 7.0),
        (["--slice", "30s"], "slice_s", 30.0),
        (["--think-time", "2s"], "think_time_s", 2.0),
        (["--goodput", "ttft:500", "--goodput", "tpot:50"], "goodput", {"ttft": 500.0, "tpot": 50.0}),
        (["--goodput", "ttft:500", "tpot:50", "--rate", "5"], "goodput", {"ttft": 500.0, "tpot": 50.0}),
        (["--goodput=ttft:500", "tpot:50"], "goodput", {"ttft": 500.0, "tpot": 50.0}),
        (["--metadata", "a=1", "--rate", "5", "--metadata", "b=2"], "metadata", {"a": "1", "b": "2"}),
        (["--percentiles", "50", "--percentiles", "99"], "percentiles", (50.0, 99.0)),
        (["--metric-percentiles", "50", "99", "--rate", "5"], "percentiles", (50.0, 99.0)),
        (["--lora-modules", "a", "b"], "lora_modules", ("a", "b")),
    ],
)
def test_values(parse: Parse, args: list[str], name: str, wanted: Any) -> None:
    assert parse(*args)[name] == wanted


def test_a_flag_that_takes_many_needs_one(parse: Parse) -> None:
    with pytest.raises(click.BadOptionUsage, match="--goodput"):
        parse("--goodput", "--rate", "5")
    with pytest.raises(click.BadOptionUsage, match="--goodput"):
        parse("--rate", "5", "--goodput")


def test_a_span_that_is_none_is_named(parse: Parse) -> None:
    with pytest.raises(click.BadParameter, match="'soon' is not a span of time"):
        parse("--duration", "soon")


YAML = """
url: http://127.0.0.1:8000
header: "X-Team: a"
rate: [50]
duration: 5m
goodput: [ttft:500, tpot:50]
percentiles: 99
metadata: {note: two words}
"""
TOML = """
url = "http://127.0.0.1:8000"
header = ["X-Team: a"]
rate = 50
duration = "5m"
goodput = "ttft:500 tpot:50"
percentiles = [99]
[metadata]
note = "two words"
"""


@pytest.mark.parametrize(("suffix", "text"), [("yaml", YAML), ("toml", TOML)])
def test_a_config_file_as_it_is_written_by_hand(parse: Parse, tmp_path: Path, suffix: str, text: str) -> None:
    file = tmp_path / f"run.{suffix}"
    file.write_text(text)
    got = parse("--config", str(file))
    assert got["url"] == ("http://127.0.0.1:8000",)
    assert got["header"] == ("X-Team: a",)
    assert (got["rate"], got["duration_s"]) == (50.0, 300.0)
    assert got["goodput"] == {"ttft": 500.0, "tpot": 50.0}
    assert got["percentiles"] == (99.0,)
    assert got["metadata"] == {"note": "two words"}


def test_unknown_keys_are_named_all_at_once(parse: Parse, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("rat: 5\nqps: 3\nrate: 2\nzzz: 1\nconfig: x\n")
    with pytest.raises(BadInput) as bad:
        parse("--config", str(file))
    assert str(bad.value) == (
        f"--config {file}: unknown options rat (did you mean rate?), qps (give --rate RPS), zzz, config"
    )


def test_headers_as_a_mapping(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("header:\n  X-Team: a\n  X-Other: b\n")
    assert parse("--config", str(tmp_path / "run.yaml"))["header"] == ("X-Team: a", "X-Other: b")


def test_the_command_line_stands_above_the_file(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("rate: 5\nurl: http://a:1\n")
    got = parse("--config", str(tmp_path / "run.yaml"), "--rate", "7", "--url", "http://b:2")
    assert (got["rate"], got["url"]) == (7.0, ("http://b:2",))
