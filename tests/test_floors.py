"""The layers of the package: imports point down, no folder has too many files, and no imports are circular."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aisbench"

# From the lowest floor up: a module imports from its own floor and from those below it. Modules of one set do not
# import each other.
FLOORS = (
    {
        "errors",
        "exit_codes",
        "durations",
        "printable",
        "extras",
        "listening",
        "masking",
        "children",
        "metrics",
        "shares",
    },
    {"atomic", "disk", "plugins", "saying"},
    {"options", "csv_cells"},
    {"_native"},
    {"backends", "accuracy"},
    {"workload"},
    {"config"},
    {"records"},
    {"engine", "analysis", "simulator"},
    {"report"},
    {"live", "export"},
    {"studies"},
    {"api", "cli"},
)
MOST_FILES = 16
# Outside the floors: they import what they pass on only when it is used.
FACES = ("aisbench", "aisbench.__main__")


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path: Path) -> set[str]:
    """The modules of this package that a file imports, at its top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & MODULES.keys()) or {node.module}
    return {name for name in found if name.split(".")[0] == "aisbench"}


@cache
def imports() -> dict[str, set[str]]:
    """What each module imports."""
    return {name: imported(path) for name, path in MODULES.items()}


def floor_of(module: str) -> int:
    """The number of a module's floor; -1 for the package itself."""
    parts = module.split(".")
    if len(parts) == 1:
        return -1
    return next(number for number, floor in enumerate(FLOORS) if parts[1] in floor)


def test_every_module_stands_on_a_floor() -> None:
    named = set().union(*FLOORS)
    found = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert found - {"__init__", "__main__"} == named


def test_no_import_points_up_or_to_a_neighbour() -> None:
    wrong = []
    for module, targets in imports().items():
        if module in FACES:
            continue
        for target in targets:
            own, other = floor_of(module), floor_of(target)
            same_part = module.split(".")[1:2] == target.split(".")[1:2]
            if other > own or (other == own and not same_part):
                wrong.append(f"{module} -> {target}")
    assert wrong == []


def test_no_circle() -> None:
    graph = {
        module: targets & MODULES.keys() - {module, *FACES}
        for module, targets in imports().items()
        if module not in FACES
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in PACKAGE.rglob("*.py")}),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_folder_is_too_full(folder: Path) -> None:
    modules = {path.name.split(".")[0] for path in folder.iterdir() if path.suffix in (".py", ".pyx")}
    assert len(modules - {"__init__"}) <= MOST_FILES
