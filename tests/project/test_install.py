"""docs/install.md and scripts/wheels: they build the versions that the package supports, and what they name exists."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "install.md").read_text()
SCRIPT = ROOT / "scripts" / "wheels"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_a_python_that_is_not_there_is_named() -> None:
    done = subprocess.run([SCRIPT, "3.98", "3.99"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "aisbench: no python3.98 python3.99 with headers on PATH",
        "aisbench: no Python to build with; put CPython 3.11 or newer, with headers, on PATH",
    ]


def test_wheels_are_built_from_the_oldest_python_on() -> None:
    found = re.search(r"set -- (.+)$", SCRIPT.read_text(), re.MULTILINE)
    assert found is not None
    versions = found[1].split()
    assert PYPROJECT["requires-python"] == f">={versions[0]}"
    assert f"from {versions[0]} to {versions[-1]} " in TEXT


def test_the_scripts_that_the_page_names_are_there() -> None:
    scripts = set(re.findall(r"scripts/[\w-]+", TEXT))
    assert scripts == {"scripts/load", "scripts/wheels"}
    assert all((ROOT / script).stat().st_mode & 0o111 for script in scripts)


def test_the_extras_that_the_page_names_are_there() -> None:
    extras = {
        extra for found in re.findall(r"pip install '\.\[([\w,-]+)\]'", TEXT) for extra in found.split(",")
    }
    assert extras == set(PYPROJECT["optional-dependencies"]) - {"test"}


def test_the_image_s_command_line_is_the_run_s() -> None:
    (flags,) = re.findall(r"docker run .* aisbench (--url.*)$", TEXT, re.MULTILINE)
    from aisbench.cli.load import load

    assert load.make_context("load", flags.split()).params["concurrency"] == 64
