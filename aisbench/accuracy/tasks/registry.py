"""Tasks by name. A task's module is imported when the task is used."""

from __future__ import annotations

import difflib
import importlib

from aisbench.accuracy.task import Task
from aisbench.errors import BadInput

# The module in this folder whose tuple `TASKS` has the task.
_MODULES = {
    "gsm8k": "mathematics.gsm8k",
    "mgsm": "mathematics.gsm8k",
    "math": "mathematics.competition",
    "math500": "mathematics.competition",
    "aime2024": "mathematics.aime",
    "aime2025": "mathematics.aime",
    "aime2026": "mathematics.aime",
    "mmlu": "choices.mmlu",
    "mmlu_pro": "choices.mmlu",
    "ceval": "choices.chinese",
    "cmmlu": "choices.chinese",
    "gpqa": "choices.gpqa",
    "arc_c": "choices.arc",
    "arc_e": "choices.arc",
    "hellaswag": "choices.commonsense",
    "winogrande": "choices.commonsense",
    "piqa": "choices.daily_life",
    "siqa": "choices.daily_life",
    "boolq": "choices.reading",
    "race": "choices.reading",
    "mcq": "custom",
    "qa": "custom",
    "humaneval": "code",
    "mbpp": "code",
    "drop": "reading",
    "triviaqa": "reading",
    "bfcl": "bfcl",
    "bbh": "bbh",
    "ifeval": "ifeval",
    "longbench": "longbench",
}
NAMES = tuple(_MODULES)


def task_named(name: str) -> Task:
    """The task with this name. Raises BadInput, with the most similar name, if there is none."""
    if name not in _MODULES:
        near = difflib.get_close_matches(name.lower(), NAMES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise BadInput(f"data set {name!r} is unknown; {hint}known: {', '.join(NAMES)}")
    module = importlib.import_module(f"aisbench.accuracy.tasks.{_MODULES[name]}")
    tasks: tuple[Task, ...] = module.TASKS
    return next(task for task in tasks if task.name == name)
