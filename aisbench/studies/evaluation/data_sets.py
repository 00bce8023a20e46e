"""The data sets of an evaluation: which tasks they are, where their files are, and which of their questions are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aisbench.accuracy.files import noted
from aisbench.accuracy.question import Question
from aisbench.accuracy.task import Source, Task
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput
from aisbench.studies.evaluation.harness.names import split_names
from aisbench.studies.evaluation.settings import DEFAULT_PATH, Settings


@dataclass(frozen=True)
class DataSet:
    """A task, and the questions of it that are asked."""

    name: str
    task: Task
    questions: tuple[Question, ...]


def read_data_sets(settings: Settings, names: Sequence[str]) -> list[DataSet]:
    """The data sets `names`. Raises BadInput for the first that cannot be read, or that needs --allow-code."""
    if not names:
        raise BadInput("--datasets is missing; give tasks, such as gsm8k (`aisbench datasets` lists them)")
    found = []
    for name in dict.fromkeys(names):
        task = task_named(name)
        if task.runs_code and not settings.allow_code:
            raise BadInput(
                f"--datasets {name}: scoring it runs code that the model wrote; give --allow-code if that is acceptable "
                "on this host"
            )
        questions = task.read(Source(_path_of(settings, name), settings.shots))
        found.append(DataSet(name, task, tuple(questions[: settings.num_prompts])))
    return found


def files_read(settings: Settings) -> list[Path]:
    """The files of the data sets, without those of lm-evaluation-harness.

    Raises BadInput for the first data set that cannot be read.
    """
    settings.check()
    own, _ = split_names(settings.datasets)
    with noted() as files:
        if own:
            read_data_sets(settings, own)
    return files


def _path_of(settings: Settings, name: str) -> Path:
    """Where the data set `name` is: the folder of its name in --dataset-path if there is one, else --dataset-path."""
    base = Path(settings.path or DEFAULT_PATH).expanduser()
    return base / name if (base / name).exists() else base
