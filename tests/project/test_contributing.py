"""CONTRIBUTING.md: every path that it names exists, and every folder of the package has a line."""

from __future__ import annotations

import re
from pathlib import Path

from tests.test_floors import FLOORS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
NAMED = set(re.findall(r"(?:aisbench|bench|docs|scripts|tests)/[\w/.-]*", TEXT))


def test_every_path_is_there() -> None:
    assert len(NAMED) > 30
    assert [name for name in sorted(NAMED) if not (ROOT / name).exists()] == []


def test_every_folder_of_the_package_has_a_line() -> None:
    folders = {f"aisbench/{path.parent.name}/" for path in (ROOT / "aisbench").glob("*/__init__.py")}
    assert folders - {line.split("`")[1] for line in TEXT.splitlines() if line.startswith("| `")} == set()


def test_the_lines_go_down_as_the_floors_do() -> None:
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    lines = re.findall(r"^\| `aisbench/(\w+)/`", TEXT, re.MULTILINE)
    numbers = [floor[name] for name in lines]
    assert numbers == sorted(numbers, reverse=True)


def test_what_is_to_be_extended_by_a_table_has_it() -> None:
    for table, path in re.findall(r"\| `([A-Z]+)` in `([\w/.]+)`", TEXT):
        assert re.search(rf"^{table}\b", (ROOT / path).read_text(), re.MULTILINE), table


def test_the_benchmarks_are_there() -> None:
    modules = re.findall(r"-m bench\.(\w+)", TEXT)
    assert modules
    there = {path.stem for path in (ROOT / "bench").glob("*.py")}
    there |= {path.parent.name for path in (ROOT / "bench").glob("*/__main__.py")}
    assert set(modules) - there == set()
