"""docs/configuration.md: its files run as they stand, and it lists every variable."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from aisbench.cli.load import load
from aisbench.cli.options.environment import variables
from aisbench.simulator.process import SimulatorProcess
from tests.system.running import run_load

DOC = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("kind", ["yaml", "toml"])
def test_the_example_runs(kind: str, tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    (text,) = re.findall(rf"```{kind}\n(.*?)```", DOC, re.S)
    file = tmp_path / f"run.{kind}"
    file.write_text(text)
    done = run_load(tmp_path / "out", "--config", file, "--url", quick_simulator.url)
    assert done.code == 0, done.err
    config = done.summary["config"]
    assert (config["input_len"], config["output_len"]) == (32, 16)
    assert config["goodput"] == {"ttft": 500.0, "tpot": 50.0}
    assert config["metadata"]["gpu"] == "H100"


def test_every_variable_is_listed() -> None:
    listed = set(re.findall(r"`([A-Z_]+)`", DOC.partition("<!-- variables")[2]))
    shown = [one for one in load.params if isinstance(one, click.Option) and not one.hidden]
    assert listed == {variables(one)[0] for one in shown if variables(one)} | {"OPENAI_API_KEY"}
