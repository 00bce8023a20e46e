"""The tasks of a campaign: one model on one data set, as a command that could be typed by hand."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from aisbench.config.presets import options_of, preset_file
from aisbench.errors import BadInput
from aisbench.masking.masking import masked_command, remember_options
from aisbench.studies.campaign.names import DataSetName, data_set_named
from aisbench.studies.evaluation.settings import DEFAULT_PATH

ACCURACY_MODES = ("all", "infer", "eval", "viz", "judge", "infer_judge")
LOAD_MODES = ("perf", "perf_viz")
MODES = (*ACCURACY_MODES, *LOAD_MODES)
# Every task's command reads it.
_JUDGE = "AISBENCH_JUDGE_URL"
SUMMARIZERS = ("example", "default_perf", "stable_stage")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user asked for. `extra`: options for every task's command, as typed after `--`."""

    models: tuple[str, ...]
    datasets: tuple[str, ...]
    mode: str
    config_dir: str | None = None
    dataset_path: str | None = None
    num_prompts: int | None = None
    num_warmups: int | None = None
    pressure: bool = False
    pressure_time: str = "15"
    merge_ds: bool = False
    dump_eval_details: bool = False
    dump_extract_rate: bool = False
    extra: tuple[str, ...] = ()

    @property
    def judges(self) -> bool:
        """True if a judge is to score the answers."""
        return self.mode in ("judge", "infer_judge") or (self.mode == "all" and self.may_name_judge)

    @property
    def may_name_judge(self) -> bool:
        """False if no task's command can find the judge's server."""
        return _JUDGE in os.environ or any(
            one.partition("=")[0] in ("--judge-url", "--config") for one in self.extra
        )

    @property
    def is_load(self) -> bool:
        return self.mode in LOAD_MODES


@dataclass(frozen=True)
class Model:
    """A preset. `name`: as its folders bear it, with AISBench's hyphens. `endpoint`: the server that it asks."""

    preset: str
    name: str
    file: Path
    endpoint: str


@dataclass(frozen=True)
class Task:
    """`stage`: infer, eval, judge, infer_judge, all or performances, which is also the folder of its log. `command`: aisbench's
    arguments."""

    stage: str
    model: Model
    dataset: DataSetName
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.model.name}/{self.dataset.asked}"

    @property
    def shown(self) -> str:
        """The command as a shell takes it, without secrets."""
        return shlex.join(masked_command(("aisbench", *self.command)))

    def log(self, folder: Path) -> Path:
        return folder / "logs" / self.stage / self.model.name / f"{self.dataset.asked}.out"


def models_of(asked: Asked) -> list[Model]:
    """Raises BadInput for an unknown preset, and for one that cannot be read."""
    if not asked.models:
        raise BadInput("--models is missing; name presets, such as vllm_api_stream_chat")
    found = []
    for name in dict.fromkeys(asked.models):
        file = preset_file(name, asked.config_dir)
        options, _ = options_of(file)
        remember_options(options)
        found.append(Model(name, name.replace("_", "-"), file, _endpoint(asked, options.get("url", [""])[0])))
    return found


def _endpoint(asked: Asked, url: str) -> str:
    """A --url after `--` stands above the preset's."""
    for flag, value in zip(asked.extra, (*asked.extra[1:], ""), strict=False):
        name, _, joined = flag.partition("=")
        if name in ("--url", "--base-url"):
            return joined or value
    return url


def data_sets_of(asked: Asked) -> list[DataSetName]:
    """Raises BadInput for an unknown data set."""
    if not asked.datasets:
        raise BadInput("--datasets is missing; name data sets, such as gsm8k (aisbench datasets lists them)")
    found = [data_set_named(name, for_load=asked.is_load) for name in dict.fromkeys(asked.datasets)]
    for one in found:
        same = [other.asked for other in found if other.name == one.name]
        if len(same) > 1 and not asked.is_load:
            raise BadInput(
                f"--datasets: {' and '.join(same)} are one data set here, {one.name}; give one of them"
            )
    return found


def infer_task(asked: Asked, model: Model, dataset: DataSetName, folder: Path) -> Task:
    """Asks the questions; answers that exist in `folder` are kept."""
    return Task("infer", model, dataset, _evaluation(asked, model, dataset, folder, "infer"))


def eval_task(asked: Asked, model: Model, dataset: DataSetName, folder: Path) -> Task:
    """Scores the answers that exist in `folder`."""
    return Task("eval", model, dataset, _evaluation(asked, model, dataset, folder, "eval"))


def judge_task(asked: Asked, model: Model, dataset: DataSetName, folder: Path) -> Task:
    """Lets the judge score the answers that exist in `folder`."""
    # All of them ask the same server.
    return Task(
        "judge",
        replace(model, endpoint="judge"),
        dataset,
        _evaluation(asked, model, dataset, folder, "judge"),
    )


def infer_judge_task(asked: Asked, model: Model, dataset: DataSetName, folder: Path) -> Task:
    """Asks the questions, then the judge: one command, so that a judge that is not there is found before all questions."""
    return Task("infer_judge", model, dataset, _evaluation(asked, model, dataset, folder, "infer_judge"))


def all_task(asked: Asked, model: Model, dataset: DataSetName, folder: Path) -> Task:
    """Asks the questions, scores the answers and lets the judge score them, in one command for the same reason."""
    return Task("all", model, dataset, _evaluation(asked, model, dataset, folder, "all"))


def _evaluation(asked: Asked, model: Model, dataset: DataSetName, folder: Path, mode: str) -> tuple[str, ...]:
    return (
        *("eval", "--mode", mode, "--datasets", dataset.name),
        *_shots(dataset),
        *_common(asked, model, "--num-prompts"),
        *(("--dump-eval-details",) if asked.dump_eval_details else ()),
        *("--into", str(folder), "--label", model.name),
        *asked.extra,
    )


def load_task(asked: Asked, model: Model, dataset: DataSetName, folder: Path) -> Task:
    """Loads the server with the data set; the run is in `folder`/performances."""
    pressure = ("--stress", "--duration", asked.pressure_time) if asked.pressure else ()
    command = (
        *("load", "--dataset", dataset.name, *dataset.options),
        *_shots(dataset),
        *_common(asked, model, "--num-requests"),
        *(("--dataset-path", DEFAULT_PATH) if asked.dataset_path is None and dataset.has_answers else ()),
        *(() if asked.num_warmups is None else ("--num-warmups", str(asked.num_warmups))),
        *pressure,
        *("--table", "aisbench", "--work-dir", str(runs_of(folder, model, dataset))),
        *asked.extra,
    )
    return Task("performances", model, dataset, command)


def _shots(dataset: DataSetName) -> tuple[str, ...]:
    return () if dataset.shots is None else ("--shots", str(dataset.shots))


def _common(asked: Asked, model: Model, count: str) -> tuple[str, ...]:
    return (
        *("--models", model.preset),
        *(() if asked.config_dir is None else ("--config-dir", asked.config_dir)),
        *(() if asked.dataset_path is None else ("--dataset-path", asked.dataset_path)),
        *(() if asked.num_prompts is None else (count, str(asked.num_prompts))),
    )


def runs_of(folder: Path, model: Model, dataset: DataSetName) -> Path:
    """Where the runs of a load task are, each in a folder named after its time."""
    return folder / "performances" / model.name / dataset.asked
