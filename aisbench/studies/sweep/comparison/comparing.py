"""The comparison of two sweeps: points with the same axes, judged as two groups of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.studies.comparison.comparing import plain
from aisbench.studies.comparison.inputs import compare_inputs
from aisbench.studies.comparison.judge import Row, judge
from aisbench.studies.comparison.readers.aisbench import read_folder
from aisbench.studies.comparison.result import Group, ToolResult
from aisbench.studies.sweep.folder import STATE, SweepFolder
from aisbench.studies.sweep.measured_run import read_run
from aisbench.studies.sweep.result import result

_SCHEMA = 1


@dataclass(frozen=True)
class Side:
    """A sweep under its `name`; `found`: its result, with the runs of its points in `folder`."""

    name: str
    folder: Path
    found: Mapping[str, Any]

    @property
    def points(self) -> dict[tuple[tuple[str, str], ...], Mapping[str, Any]]:
        """The measured points by their axes, whose order does not matter."""
        return {_key(point["axes"]): point for point in self.found["points"] if point["runs"]}

    def group(self, point: Mapping[str, Any], *, single: bool) -> Group:
        """The runs of `point`. `single`: with the values of single requests, which tell nothing beside repetitions."""
        folders = [
            run["folder"]
            for run in self.found["runs"]
            if run["point"] == point["name"] and run["problem"] is None
        ]
        runs = [read_folder(self.folder / folder) for folder in folders]
        return Group(self.name, tuple(run if single else _without_values(run) for run in runs))


@dataclass(frozen=True)
class Matched:
    """A point that both sweeps measured: `rows` as comparison.judge makes them, and whether the prompts were the same."""

    name: str
    first: Mapping[str, Any]
    second: Mapping[str, Any]
    rows: tuple[Row, ...]
    inputs: str


@dataclass(frozen=True)
class SweepComparison:
    """`only`: the names of the points that one sweep alone has, by the sweep's name."""

    sides: tuple[Side, Side]
    matched: tuple[Matched, ...]
    only: Mapping[str, tuple[str, ...]]
    margin: float
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """comparison.json."""
        return {
            "schema": _SCHEMA,
            "study": "sweep",
            "margin": self.margin,
            "seed": self.seed,
            "sweeps": [{"name": side.name, "folder": str(side.folder)} for side in self.sides],
            "frontiers": {side.name: side.found["frontier"] for side in self.sides},
            "only": {name: list(points) for name, points in self.only.items()},
            "points": [
                {
                    "name": one.name,
                    "axes": dict(one.first["axes"]),
                    "inputs": one.inputs,
                    "metrics": [
                        {
                            **asdict(row.metric),
                            "values": {
                                side.name: plain(asdict(cell))
                                for side, cell in zip(self.sides, row.cells, strict=True)
                            },
                        }
                        for row in one.rows
                    ],
                }
                for one in self.matched
            ],
        }


def names_sweep(argument: str) -> bool:
    """Whether an argument of `aisbench compare` is the folder of a sweep, or NAME=FOLDER."""
    return (_split(argument)[1] / STATE).is_file()


def read_sweeps(arguments: list[str]) -> tuple[Side, Side]:
    """The two sweeps that `arguments` name. Raises BadInput if they are not two sweeps."""
    if len(arguments) != 2 or not all(map(names_sweep, arguments)):
        raise BadInput(
            f"sweeps are compared with each other, two at a time; give two folders that hold {STATE}, got "
            f"{', '.join(arguments)}"
        )
    names = [_split(argument)[0] for argument in arguments]
    if names[0] == names[1]:
        names = [f"{names[0]} (1)", f"{names[1]} (2)"]
    first, second = (
        _read(name, _split(argument)[1]) for name, argument in zip(names, arguments, strict=True)
    )
    return first, second


def compare_sweeps(sides: tuple[Side, Side], *, margin: float, seed: int) -> SweepComparison:
    """Compares the second sweep with the first. Raises BadInput if they have no point in common."""
    first, second = (side.points for side in sides)
    shared = [key for key in first if key in second]
    if not shared:
        raise BadInput(
            f"{sides[0].name} and {sides[1].name} have no measured point in common; points are matched by their axes"
        )
    matched = []
    for key in shared:
        repeated = min(first[key]["runs"], second[key]["runs"]) > 1
        groups = (
            sides[0].group(first[key], single=not repeated),
            sides[1].group(second[key], single=not repeated),
        )
        rows = tuple(judge(groups, margin=margin, seed=seed))
        inputs = compare_inputs(groups[0].first, groups[1].first).status
        matched.append(Matched(first[key]["name"], first[key], second[key], rows, inputs))
    only = {
        sides[0].name: tuple(first[key]["name"] for key in first if key not in second),
        sides[1].name: tuple(second[key]["name"] for key in second if key not in first),
    }
    return SweepComparison(sides, tuple(matched), only, margin, seed)


def _key(axes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(axes.items()))


def _split(argument: str) -> tuple[str, Path]:
    name, mark, rest = argument.partition("=")
    if mark and "/" not in name and not Path(argument).exists():
        return name, Path(rest)
    return Path(argument).resolve().name, Path(argument)


def _read(name: str, path: Path) -> Side:
    folder = SweepFolder.load(path, None)
    # The bounds of an SLO play no part here.
    runs = [read_run(path, run, (), trust_remote_code=False) for run in folder.runs]
    folder.settings = replace(folder.settings, slo=None)
    return Side(name, path, result(folder, runs))


def _without_values(run: ToolResult) -> ToolResult:
    return replace(run, samples={})
