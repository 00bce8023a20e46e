"""Tasks by name. A task's module is imported when the task is used."""

from __future__ import annotations

import difflib
import importlib

from aisbench.accuracy.task import Task
from aisbench.errors import BadInput

# The module in this folder that declares each, in `TASKS`, a tuple.
_MODULES = {
    "gsm8k": "gsm8k",
    "humaneval": "code",
    "mbpp": "code",
}
NAMES = tuple(_MODULES)


def task_named(name: str) -> Task:
    """Raises BadInput, with the nearest name, for an unknown one."""
    if name not in _MODULES:
        near = difflib.get_close_matches(name.lower(), NAMES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise BadInput(f"--datasets {name!r} is unknown; {hint}known: {', '.join(NAMES)}")
    module = importlib.import_module(f"aisbench.accuracy.tasks.{_MODULES[name]}")
    tasks: tuple[Task, ...] = module.TASKS
    return next(task for task in tasks if task.name == name)
