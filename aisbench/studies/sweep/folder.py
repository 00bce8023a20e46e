"""The folder of a sweep, and its sweep.json, from which an interrupted sweep resumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aisbench.options.plain import restored
from aisbench.records.folder import new_folder
from aisbench.studies.many_runs.state import discard_empty, read_state, write_state
from aisbench.studies.sweep.points import Point
from aisbench.studies.sweep.settings import Settings

_SCHEMA = 1
STATE = "sweep.json"
RUNS = "runs"


@dataclass
class SweepFolder:
    """A sweep and its state.

    `runs`: one entry for each run that ended, in order: the `point` (its name) and `repetition` (from 0), its `folder`
    (None if it did not start), the `seconds` that it took, and its `problem` (None if it can be used).
    `outcome`: finished, budget, interrupted or failed; `ended` says why, in words.
    """

    path: Path
    points: list[Point]
    settings: Settings
    command: list[str]
    runs: list[dict[str, Any]] = field(default_factory=list)
    outcome: str = "interrupted"
    ended: str = "the sweep was interrupted"

    @staticmethod
    def create(points: Sequence[Point], settings: Settings, command: list[str]) -> SweepFolder:
        """Creates a folder named after the time, to the second; raises BadInput if it cannot be created."""
        path = new_folder(points[0].config.work_dir, "sweep_")
        folder = SweepFolder(path, list(points), settings, command)
        folder.save()
        return folder

    @staticmethod
    def load(path: Path, api_key: str | None) -> SweepFolder:
        """The sweep that was begun in `path`. No file holds the API key, so it is passed again.

        Raises BadInput if `path` has no readable sweep.json, or one of another version.
        """
        state = read_state(path / STATE, _SCHEMA, "sweep")
        return SweepFolder(
            path,
            [Point.from_dict(point, api_key) for point in state["points"]],
            restored(Settings, state["settings"]),
            state["command"],
            [run for run in state["runs"] if run["folder"] is None or (path / run["folder"]).is_dir()],
            **{name: state[name] for name in ("outcome", "ended")},
        )

    def replace_points(self, points: Sequence[Point]) -> None:
        """Goes on with other `points`. Runs of points that are no longer there, or that have changed, do not count."""
        before = {point.name: _unchanging(point) for point in self.points}
        kept = {point.name for point in points if before.get(point.name) == _unchanging(point)}
        self.runs = [run for run in self.runs if run["point"] in kept]
        self.points = list(points)

    def save(self) -> None:
        """Writes sweep.json, completely or not at all."""
        state = {
            "schema": _SCHEMA,
            "command": self.command,
            "settings": asdict(self.settings),
            "points": [point.as_dict() for point in self.points],
            "runs": self.runs,
            "outcome": self.outcome,
            "ended": self.ended,
        }
        write_state(state, self.path / STATE, "sweep")

    def discard(self) -> None:
        """Removes the sweep's folder if it holds no run."""
        discard_empty(self.path / STATE, self.path / RUNS)

    def left(self) -> list[tuple[Point, int]]:
        """The runs that are still to be done, in order: every point once, then every point again."""
        done = {(run["point"], run["repetition"]) for run in self.runs if run["problem"] is None}
        return [
            (point, repetition)
            for repetition in range(self.settings.runs)
            for point in self.points
            if (point.name, repetition) not in done
        ]

    def note(self, run: Mapping[str, Any]) -> None:
        """Adds a run that has ended, in place of an earlier one that failed, and saves."""
        key = (run["point"], run["repetition"])
        self.runs = [one for one in self.runs if (one["point"], one["repetition"]) != key]
        self.runs.append(dict(run))
        self.save()


def _unchanging(point: Point) -> dict[str, Any]:
    config: dict[str, Any] = point.as_dict()["config"]
    return {name: value for name, value in config.items() if name != "work_dir"}
