"""The Dockerfile, as far as it can be checked without Docker: its stages, user, copied files and command."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def stages() -> list[dict[str, list[str]]]:
    """The arguments of each instruction, by stage."""
    found: list[dict[str, list[str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append({})
        found[-1].setdefault(name, []).append(rest)
    return found


def sent(path: str) -> bool:
    """True if .dockerignore lets `path` of the checkout into the build. The last matching rule decides."""
    result = True
    for rule in (ROOT / ".dockerignore").read_text().splitlines():
        if rule and not rule.startswith("#"):
            pattern = rule.removeprefix("!")
            if (
                fnmatch(path, pattern)
                or fnmatch(path, pattern.removeprefix("**/"))
                or path.startswith(f"{pattern}/")
            ):
                result = rule.startswith("!")
    return result


def test_the_compiler_stays_behind() -> None:
    build, final = stages()
    assert "gcc" in " ".join(build["RUN"])
    assert "gcc" not in json.dumps(final)
    assert final["COPY"] == ["--from=build /opt/aisbench /opt/aisbench"]


def test_both_stages_have_one_python_that_the_package_takes() -> None:
    images = {stage["FROM"][0].split()[0] for stage in stages()}
    (image,) = images
    version = re.fullmatch(r"python:3\.(\d+)-slim", image)
    assert version is not None
    assert int(version[1]) >= int(PROJECT["requires-python"].removeprefix(">=3."))


def test_it_runs_the_command_as_a_user_without_privileges() -> None:
    final = stages()[-1]
    (entry,) = final["ENTRYPOINT"]
    assert json.loads(entry) == ["aisbench-load"]
    assert "aisbench-load" in PROJECT["scripts"]
    assert final["USER"][-1] not in ("root", "0")
    assert f"useradd --uid 1000 --create-home {final['USER'][-1]}" in final["RUN"][0]


def test_what_is_copied_is_there_and_is_sent_to_the_build() -> None:
    copied = [source for rest in stages()[0]["COPY"] for source in rest.split()[:-1]]
    assert {"pyproject.toml", "setup.py", "aisbench"} <= set(copied)
    assert [source for source in copied if not (ROOT / source).exists() or not sent(source)] == []


def test_what_the_package_is_built_of_is_copied() -> None:
    copied = " ".join(stages()[0]["COPY"])
    files = ["pyproject.toml", "setup.py", "MANIFEST.in", PROJECT["readme"], *PROJECT["license-files"]]
    assert [name for name in files if name not in copied and not name.startswith("aisbench/")] == []


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        "outputs/default",
        "tests/conftest.py",
        "aisbench/_native/pool.cpython-311.so",
    ],
)
def test_what_the_image_does_not_need_is_not_sent(path: str) -> None:
    assert not sent(path)
