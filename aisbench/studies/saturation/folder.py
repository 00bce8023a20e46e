"""The folder of a search, and its search.json, from which an interrupted search resumes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.options.plain import restored
from aisbench.records.folder import new_folder
from aisbench.studies.many_runs.state import discard_empty, read_state, write_state
from aisbench.studies.saturation.settings import Settings

_SEARCH_SCHEMA = 1
STATE = "search.json"


@dataclass
class SearchFolder:
    """A search and its state.

    `steps`: one entry for each finished run, in order: its `load`, `folder` and what was reported about it.
    `sounding`: what the sounding measured; None before it, or if none is needed. `reference`: the `folder` of the run that
    asked one question at a time, and the number of its `answers`; None before it, or if answers are not compared.
    `outcome` and `ended` (why the search ended, in words): see saturation.result.
    """

    path: Path
    config: RunConfig
    settings: Settings
    command: list[str]
    sounding: dict[str, Any] | None = None
    reference: dict[str, Any] | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    outcome: str = "interrupted"
    ended: str = "the search was interrupted"

    @staticmethod
    def create(config: RunConfig, settings: Settings, command: list[str]) -> SearchFolder:
        """Creates a folder named after the time, to the second; raises BadInput if it cannot be created."""
        folder = SearchFolder(new_folder(config.work_dir, "saturate_"), config, settings, command)
        folder.save()
        return folder

    @staticmethod
    def load(path: Path, api_key: str | None) -> SearchFolder:
        """The search that was begun in `path`. No file holds the API key, so it is passed again.

        Raises BadInput if `path` has no readable search.json, or one of another version.
        """
        state = read_state(path / STATE, _SEARCH_SCHEMA, "search")
        return SearchFolder(
            path,
            RunConfig.from_dict({**state["config"], "api_key": api_key}),
            restored(Settings, state["settings"]),
            state["command"],
            state["sounding"],
            state.get("reference"),
            [step for step in state["steps"] if (path / step["folder"]).is_dir()],
            **{name: state[name] for name in ("outcome", "ended") if name in state},
        )

    def save(self) -> None:
        """Writes search.json, completely or not at all."""
        state = {
            "schema": _SEARCH_SCHEMA,
            "command": self.command,
            "config": self.config.as_dict(),
            "settings": asdict(self.settings),
            "sounding": self.sounding,
            "reference": self.reference,
            "steps": self.steps,
            "outcome": self.outcome,
            "ended": self.ended,
        }
        write_state(state, self.path / STATE, "saturate")

    def discard(self) -> None:
        """Removes the search's folder if it holds no run."""
        discard_empty(self.path / STATE, self.path / "steps")
