"""docs/export.md: its commands are valid, and what it says of names, extras and times holds."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from aisbench.export.tracked import _HEADLINES
from aisbench.export.upload import _MARKER
from aisbench.live import otlp
from tests.project.test_readme import command_of

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "export.md").read_text()
COMMANDS = re.findall(r"^ {4,}(aisbench.+)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_taken(line: str) -> None:
    command, args = command_of(shlex.split(line))
    with command.make_context("aisbench", args):
        pass


def test_what_it_names_is_so() -> None:
    assert len(COMMANDS) == 5
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"'\.\[(\w+)\]'", TEXT)) == {"upload", "s3", "otel", "mlflow", "wandb"}
    assert {"upload", "s3", "otel", "mlflow", "wandb"} <= extras.keys()
    assert f"`{_MARKER}`" in TEXT
    assert {"duration_s", "request_throughput_per_s", "output_throughput_tokens_per_s"} <= set(
        _HEADLINES.values()
    )
    assert (otlp._EVERY_S, otlp._PATH, 2 * otlp._PATIENCE_S) == (5.0, "/v1/metrics", 6.0)
