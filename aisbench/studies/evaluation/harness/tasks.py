"""Loads the harness's tasks with their data, before anything is sent."""

from __future__ import annotations

import difflib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.extras import install_command
from aisbench.studies.evaluation.harness.index import quick_index
from aisbench.studies.evaluation.harness.names import PREFIX

# Tasks of these output types compare the probabilities of given texts.
_PROBABILITIES = ("loglikelihood", "loglikelihood_rolling", "multiple_choice")
# The libraries read these when they are imported. Without them, progress bars for quick steps and advice about torch
# would be printed into the live view.
_QUIET = {
    "TQDM_DISABLE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
}


@dataclass(frozen=True)
class HarnessTasks:
    """`manager`: the harness's TaskManager, which knows all tasks.

    `specs`: the Task and Group objects that were asked for. `tasks`: every Task in them, by name.
    """

    manager: Any
    specs: list[Any]
    tasks: dict[str, Any]

    @property
    def of_probabilities(self) -> list[str]:
        """Names of the tasks that need log-probabilities of given texts."""
        return [name for name, task in self.tasks.items() if task.OUTPUT_TYPE in _PROBABILITIES]


def load_tasks(names: Sequence[str], include_path: str | None) -> HarnessTasks:
    """Loads the tasks `names`. `include_path`: a folder with more task files, which override the harness's by name.

    Raises BadInput if the harness is not installed, a name is unknown, or a task's data cannot be loaded.
    """
    if not all(names):
        raise BadInput(f"--datasets {PREFIX} does not name a task; give one, such as {PREFIX}gsm8k")
    _check_installed()
    if include_path is not None and not Path(include_path).is_dir():
        raise BadInput(f"--include-path {include_path} is not a folder; give the folder with the task files")
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    from lm_eval.tasks import TaskManager

    with quick_index():
        manager = TaskManager(include_path=include_path)
    for name in names:
        if name not in manager.all_tasks:
            raise BadInput(f"--datasets {PREFIX}{name} is unknown{_nearest(name, manager.all_tasks)}")
    specs = [spec for name in names for spec in _tops(_loaded(manager, [name], name))]
    tasks = _loaded(manager, specs, ",".join(names))["tasks"]
    for name, task in tasks.items():
        if getattr(task, "MULTIMODAL", False):
            raise BadInput(
                f"--datasets {PREFIX}{name} asks about pictures, which is not supported; give tasks of text only"
            )
    return HarnessTasks(manager, specs, tasks)


def _loaded(manager: Any, specs: list[Any], names: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = manager.load(specs)
    except Exception as problem:
        # The harness, its task files and the Hugging Face libraries raise exceptions of all kinds.
        raise BadInput(f"--datasets {PREFIX}{names}: {_why(problem)}") from None
    return found


def _check_installed() -> None:
    """Raises BadInput, with the command that installs it, if the harness is missing."""
    for module in ("lm_eval", "tenacity"):
        if importlib.util.find_spec(module) is None:
            raise BadInput(
                f"--datasets {PREFIX}TASK needs lm-evaluation-harness: {install_command('lm-eval', 'lm_eval')}"
            )


def _tops(loaded: dict[str, Any]) -> Iterator[Any]:
    """The groups that are not in another group, and the tasks that are not in a group."""
    groups = loaded.get("groups", {})
    inner = {child for children in loaded.get("group_map", {}).values() for child in children}
    yield from (group for name, group in groups.items() if name not in inner)
    yield from (task for name, task in loaded["tasks"].items() if name not in inner)


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"{hint or ';'} --include-path adds a folder with your own task files"


def _why(problem: Exception) -> str:
    said = " ".join(str(problem).split()) or type(problem).__name__
    if isinstance(problem, OSError) or "offline" in said.lower():
        offline = any(
            os.environ.get(name, "0") not in ("", "0") for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
        )
        state = "HF_HUB_OFFLINE is set" if offline else "the Hugging Face hub did not deliver it"
        return (
            f"its data is not on this host and {state} ({said[:200]}); load it once with network access, or write a "
            "task file that reads local files, and name its folder with --include-path"
        )
    return f"the harness cannot load it: {type(problem).__name__}: {said[:300]}"
