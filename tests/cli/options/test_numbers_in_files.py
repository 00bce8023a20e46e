"""Numbers of a configuration file are taken as they stand, or refused: none is made into another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from aisbench.cli.load import load
from aisbench.errors import BadInput


def given(folder: Path, name: str, text: str) -> dict[str, Any]:
    file = folder / name
    file.write_text(text)
    with load.make_context("aisbench-load", ["--config", str(file)]) as context:
        return context.params


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "concurrency = 1e998", "'inf' is not a valid integer"),
        ("a.yaml", "concurrency: .inf", "'inf' is not a valid integer"),
        ("a.yaml", "num_requests: .nan", "'nan' is not a valid integer"),
        ("a.yaml", "workers: 1.5", "'1.5' is not a valid integer"),
        ("a.yaml", "workers: true", "'true' is not a valid integer"),
        ("a.yaml", "temperature: true", "'true' is not a valid float"),
    ],
)
def test_what_is_no_number_of_the_option(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises((click.BadParameter, BadInput), match=said):
        given(tmp_path, name, text)


def test_whole_numbers_may_have_a_point(tmp_path: Path) -> None:
    found = given(tmp_path, "a.yaml", "concurrency: 2.0\nnum_requests: 1.0e+3\nrate: 5")
    assert (found["concurrency"], found["num_requests"], found["rate"]) == (2, 1000, 5.0)
