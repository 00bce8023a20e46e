"""The folder of a search, and search.json in it: from there an interrupted one goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.config.run_config import RunConfig
from aisbench.disk import room_for
from aisbench.errors import BadInput
from aisbench.options.plain import restored
from aisbench.records.folder import new_folder
from aisbench.studies.saturation.settings import Settings

_SEARCH_SCHEMA = 1
STATE = "search.json"


@dataclass
class SearchFolder:
    """`steps`: one entry for each run that was finished, in order: its `load`, `folder` and what was said of it.

    `sounding`: what the first look at the server told; None before it, or where none is needed. `reference`: the
    `folder` of the run that asked one question at a time, and how many `answers` it has to compare with; None before it,
    or where answers are not compared. `outcome` and `ended`
    (why it is over, in words): see saturation.result.
    """

    path: Path
    config: RunConfig
    settings: Settings
    command: list[str]
    sounding: dict[str, Any] | None = None
    reference: dict[str, Any] | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    outcome: str = "interrupted"
    ended: str = "the search did not come to its end"

    @staticmethod
    def create(config: RunConfig, settings: Settings, command: list[str]) -> SearchFolder:
        """A new folder named after the second; raises BadInput when it cannot be made."""
        folder = SearchFolder(new_folder(config.work_dir, "saturate_"), config, settings, command)
        folder.save()
        return folder

    @staticmethod
    def load(path: Path, api_key: str | None) -> SearchFolder:
        """The search that was begun in `path`. The key is in no file, and has to be given again."""
        try:
            state = json.loads((path / STATE).read_text())
        except (OSError, ValueError):
            raise BadInput(f"{path} holds no {STATE} that can be read; give the folder of a search") from None
        if state.get("schema") != _SEARCH_SCHEMA:
            raise BadInput(f"{path} was written by another version of aisbench; search again")
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
        """Whole or not at all."""
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
        with room_for(f"{self.path / STATE}", f"free some, then `aisbench saturate --resume {self.path}`"):
            write_text(json.dumps(state, indent=1), self.path / STATE)
