"""The file in a study's folder from which the study goes on after an interruption."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.disk import room_for
from aisbench.errors import BadInput


def read_state(file: Path, schema: int, study: str) -> dict[str, Any]:
    """The content of `file`. `study`: what wrote it, as in "search".

    Raises BadInput if it cannot be read, or if another version wrote it.
    """
    try:
        state = json.loads(file.read_text())
    except (OSError, ValueError):
        raise BadInput(
            f"{file.parent} holds no {file.name} that can be read; give the folder of a {study}"
        ) from None
    if not isinstance(state, dict) or state.get("schema") != schema:
        raise BadInput(f"{file.parent} was written by another version of aisbench; {study} again")
    return state


def write_state(state: Mapping[str, Any], file: Path, command: str) -> None:
    """Writes `file`, completely or not at all. `command`: the name of the command that goes on with --resume."""
    with room_for(f"{file}", f"free some, then run `aisbench {command} --resume {file.parent}`"):
        write_text(json.dumps(state, indent=1), file)


def discard_empty(file: Path, runs: Path) -> None:
    """Removes a study's folder, with its state `file`, if no run is in `runs`."""
    if runs.exists() and not any(runs.iterdir()):
        runs.rmdir()
    if not runs.exists():
        file.unlink()
        file.parent.rmdir()
