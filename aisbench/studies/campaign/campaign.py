"""Carries out a campaign: runs its tasks, then writes one table of all of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from aisbench import saying
from aisbench.atomic import write_text
from aisbench.children import child_command
from aisbench.errors import BadInput
from aisbench.exit_codes import DONE, INTERRUPTED, RUN_FAILED
from aisbench.masking.fields import masked_in_text
from aisbench.masking.masking import masked_command, masked_text
from aisbench.records.folder import new_folder
from aisbench.report.text.console import render
from aisbench.studies.campaign.bars import Bars
from aisbench.studies.campaign.names import DataSetName
from aisbench.studies.campaign.performances import last_run, write_performances
from aisbench.studies.campaign.running import Ended, Runner
from aisbench.studies.campaign.table import remarks, results_of, write_table
from aisbench.studies.campaign.tasks import (
    Asked,
    Model,
    Task,
    all_task,
    data_sets_of,
    eval_task,
    infer_judge_task,
    infer_task,
    judge_task,
    load_task,
    models_of,
    runs_of,
)
from aisbench.studies.evaluation.data_sets import files_read
from aisbench.studies.evaluation.folder import EvaluationFolder, read_object
from aisbench.studies.evaluation.settings import Settings

# Beside the presets: what the campaign was asked for.
_ASKED = "campaign.json"
Make = Callable[[Asked, Model, DataSetName, Path], Task]


class Campaign:
    """`folder`: where its tasks write; `models` and `datasets`: each with each is a task."""

    def __init__(self, asked: Asked, summarizer: str | None, *, reuses: bool = False) -> None:
        """`reuses`: it goes on with a folder, which remembers where the data sets are.

        Raises BadInput for unknown presets and data sets, and for data sets whose files are missing or broken.
        """
        self.asked = asked
        self.models = models_of(asked)
        self.datasets = data_sets_of(asked)
        self._summarizer = summarizer
        if asked.mode == "perf_viz":
            return
        if asked.judges and not asked.may_name_judge:
            raise BadInput(
                f"--mode {asked.mode} needs a judge; give its server after --, as in -- --judge-url http://host:8000"
            )
        if not asked.judges and (given := [one for one in asked.extra if one.startswith("--judge-")]):
            flag = given[0].partition("=")[0]
            raise BadInput(
                f"{flag} needs the judge's server; give it after --, as in -- --judge-url http://host:8000"
                if asked.mode == "all"
                else f"{flag} has no effect with --mode {asked.mode}; give --mode judge to score answers that exist"
            )
        if reuses and asked.dataset_path is None and not asked.is_load:
            return
        for dataset in self.datasets:
            if dataset.has_answers:
                files_read(
                    Settings(
                        datasets=(dataset.name,),
                        path=asked.dataset_path,
                        shots=None if asked.is_load else dataset.shots,
                        # A load only sends the questions.
                        allow_code=asked.is_load or "--allow-code" in asked.extra,
                    )
                )

    def folder_in(self, work_dir: str, reuse: str | None) -> Path:
        """A new folder, or the one to go on with (`reuse`: its name, or "" for the newest). Raises BadInput."""
        if reuse is None:
            if self.asked.mode in ("eval", "viz", "judge", "perf_viz"):
                raise BadInput(f"--mode {self.asked.mode} works on what exists; name its folder with --reuse")
            return new_folder(work_dir)
        base = Path(work_dir)
        found = (
            [base / reuse] if reuse else sorted(path.parents[1] for path in base.glob(f"*/configs/{_ASKED}"))
        )
        if not found or not (found[-1] / "configs" / _ASKED).is_file():
            raise BadInput(
                f"--reuse: {base / reuse} holds no results of ais_bench; give the name of its folder, such as "
                "20261126_140000, and its --work-dir"
            )
        return found[-1]

    def run(self, folder: Path, *, most: int | None, debug: bool, command: list[str]) -> int:
        """Runs the tasks that `asked.mode` needs; returns the exit code."""
        self._note(folder, command)
        for line in self._unjudged:
            saying.say(line, err=True)
        runner = Runner(folder, most=most, debug=debug)
        ended: list[Ended] = []
        for make in self._stages:
            stage = [task for task in self.tasks(make, folder) if _has_work(task, folder)]
            if runner.interrupted or not stage:
                continue
            with Bars(stage, shown=not debug) as bars:
                ended += runner.run(stage, bars.update, lambda one: self._say(one, folder))
        if self.asked.mode != "infer":
            self._summarise(folder)
        saying.say(f"folder: {folder}")
        if runner.interrupted:
            return INTERRUPTED
        return RUN_FAILED if any(one.failed for one in ended) else DONE

    def search(self) -> int:
        """Prints, for each task, the files that it reads and each option's value; returns the exit code."""
        code = DONE
        for make in self._stages[:1]:
            for task in self.tasks(make, Path("TIMESTAMP")):
                saying.say(f"{task.name}: preset {task.model.file}")
                # By the task's own command, so that what is said is what it would do.
                found = subprocess.run(child_command("aisbench", *task.command, "--search"), check=False)
                code = code or found.returncode
        return code

    @property
    def _stages(self) -> Sequence[Make]:
        """What makes the tasks of each stage, in order."""
        return {
            "all": [all_task] if self.asked.judges else [infer_task, eval_task],
            "infer": [infer_task],
            "eval": [eval_task],
            "judge": [judge_task],
            "infer_judge": [infer_judge_task],
            "perf": [load_task],
        }.get(self.asked.mode, [])

    @property
    def _unjudged(self) -> list[str]:
        """A line for each data set that AISBench would let a judge score, and that only rules score here."""
        if self.asked.judges or self.asked.mode not in ("all", "eval", "viz"):
            return []
        mode = "" if self.asked.mode == "all" else "--mode judge and "
        return [
            f"{one.asked}: scored by the rules of {one.name}; for a judge's verdicts, as its name says, give {mode}its server "
            "after --, as in -- --judge-url http://host:8000"
            for one in self.datasets
            if one.by_judge
        ]

    def tasks(self, make: Make, folder: Path) -> list[Task]:
        return [make(self.asked, model, dataset, folder) for model, dataset in self._each]

    def every_task(self, folder: Path) -> list[Task]:
        """Those of all stages."""
        return [task for make in self._stages for task in self.tasks(make, folder)]

    @property
    def _each(self) -> list[tuple[Model, DataSetName]]:
        return [(model, dataset) for model in self.models for dataset in self.datasets]

    def _note(self, folder: Path, command: list[str]) -> None:
        configs = folder / "configs"
        configs.mkdir(exist_ok=True)
        asked = {**asdict(self.asked), "extra": masked_command(self.asked.extra)}
        write_text(json.dumps({"command": command, **asked}, indent=1), configs / _ASKED)
        for model in self.models:
            text = model.file.read_text(encoding="utf-8-sig")
            write_text(masked_text(masked_in_text(text)), configs / f"{model.preset}.toml")

    def _say(self, one: Ended, folder: Path) -> None:
        if one.code == INTERRUPTED:
            saying.say(f"{one.task.stage} {one.task.name}: interrupted; --reuse goes on", err=True)
        elif not one.failed:
            saying.say(f"{one.task.stage} {one.task.name}: done", err=True)
        else:
            why = f": {one.words}" if one.words else ""
            saying.say(
                f"{one.task.stage} {one.task.name} failed (exit code {one.code}), see {one.task.log(folder)}{why}",
                err=True,
            )

    def _summarise(self, folder: Path) -> None:
        if self.asked.is_load:
            self._summarise_load(folder)
            return
        results = results_of(folder, self.models, self.datasets)
        if not results:
            saying.say("no task has a result", err=True)
            return
        table, path = write_table(
            folder, self.models, self.datasets, results, extract_rate=self.asked.dump_extract_rate
        )
        saying.say(table)
        for line in remarks(self.models, self.datasets, results):
            saying.say(line)
        saying.say(f"written: {path}")

    def _summarise_load(self, folder: Path) -> None:
        stage = "stable" if self._summarizer == "stable_stage" else None
        for model, dataset in self._each:
            run = last_run(runs_of(folder, model, dataset))
            if run is None:
                continue
            if self.asked.mode == "perf_viz":
                from aisbench.report.files.write import write_all

                summary = write_all(run)
            elif (run / "summary.json").is_file():
                summary = read_object(run / "summary.json")
            else:
                continue
            path = write_performances(run, summary, stage=stage)
            # The whole text: figures without their verdict and the errors would say too much.
            saying.say(render(summary, (), run / "report.html", "aisbench"))
            saying.say(f"{model.name}/{dataset.asked}: {path}")


def _has_work(task: Task, folder: Path) -> bool:
    """False for scoring where no answer exists, and for a load that was carried out before --reuse."""
    if task.stage == "performances":
        return last_run(runs_of(folder, task.model, task.dataset)) is None
    if task.stage in ("eval", "judge"):
        return EvaluationFolder(folder, task.model.name).predictions_of(task.dataset.name).is_file()
    return True
