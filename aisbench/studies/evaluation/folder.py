"""The folder of an evaluation: its settings, and the places of its predictions, results and summary."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench.atomic import write_bytes, write_text
from aisbench.errors import BadInput
from aisbench.records.folder import new_folder

# The results of all tasks of lm-evaluation-harness, and the beginning of the names of its answers.
HARNESS_RESULTS, HARNESS_ANSWERS = "lm-eval.json", "lm-eval-"
_STATE = "evaluation.json"
_SCHEMA = 1
# How the name of a file with a judge's scores ends.
_JUDGED = "-judged"


@dataclass(frozen=True)
class EvaluationFolder:
    """`model`: the model's name as it is used in file names.

    `part`: the data set of this evaluation, if several share the folder (ais_bench). The caller then writes the summary
    and the page of them all.
    """

    path: Path
    model: str
    part: str | None = None

    @staticmethod
    def create(work_dir: str, model: str, facts: dict[str, Any]) -> EvaluationFolder:
        """Creates a folder named after the time, to the second; raises BadInput if it cannot be created."""
        folder = EvaluationFolder(new_folder(work_dir), file_name(model))
        folder.write_facts(facts)
        return folder

    @property
    def exists(self) -> bool:
        return self._state.is_file()

    def facts(self) -> dict[str, Any]:
        """What write_facts wrote. Raises BadInput if it cannot be read."""
        return _read_facts(self._state)

    @staticmethod
    def reuse(work_dir: str, timestamp: str) -> EvaluationFolder:
        """The evaluation `timestamp` in `work_dir`, or the newest if it is empty. Raises BadInput if there is none."""
        base = Path(work_dir)
        if timestamp:
            found = [path for path in (base / timestamp, Path(timestamp)) if (path / _STATE).is_file()]
        else:
            found = sorted((path.parent for path in base.glob(f"*/{_STATE}")), reverse=True)
        if not found:
            raise BadInput(
                f"--reuse: {base / timestamp if timestamp else base} holds no evaluation; "
                "give the name of its folder, such as 20261126_140000, and its --work-dir"
            )
        facts = _read_facts(found[0] / _STATE)
        return EvaluationFolder(found[0], file_name(facts["model"]))

    def write_facts(self, facts: dict[str, Any]) -> None:
        self._state.parent.mkdir(parents=True, exist_ok=True)
        write_text(json.dumps({**facts, "schema": _SCHEMA}, indent=1), self._state)

    @property
    def _state(self) -> Path:
        if self.part is None:
            return self.path / _STATE
        return self.path / "configs" / self.model / f"{self.part}.json"

    @property
    def page(self) -> Path:
        return self.path / "evaluation.html" if self.part is None else self.results / f"{self.part}.html"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions" / self.model

    def predictions_of(self, name: str) -> Path:
        """The file of the answers to the data set `name`."""
        return self.predictions / f"{name}.json"

    @property
    def judgements(self) -> Path:
        return self.path / "judgements" / self.model

    @property
    def results(self) -> Path:
        return self.path / "results" / self.model

    def results_of(self, name: str, *, judged: bool = False) -> Path:
        """The file of the scores of the data set `name`: by its own rule, or by a judge."""
        return self.results / f"{name}{_JUDGED if judged else ''}.json"

    @property
    def summary(self) -> Path:
        return self.path / "summary"

    @property
    def runs(self) -> Path:
        """The folder of the runs that asked the questions; each run has a subfolder."""
        return self.path / "runs" / self.model

    def next_run(self, prefix: str = "") -> Path:
        """Where the next run goes; the folder is not created."""
        return self.runs / f"{prefix}{len(list(self.runs.glob('*')))}"

    def write(self, content: dict[str, Any], path: Path) -> None:
        """Writes `content` as indented JSON, completely or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(json.dumps(content, indent=1, ensure_ascii=False).encode("utf-8", "replace"), path)


def data_set_of(results: str) -> str:
    """The data set whose scores are in the file of this name (without .json)."""
    return results.removesuffix(_JUDGED)


def _read_facts(path: Path) -> dict[str, Any]:
    found = read_object(path)
    if found.get("schema") != _SCHEMA or not isinstance(found.get("model"), str):
        raise BadInput(f"{path} was written by another version of aisbench; evaluate again")
    return found


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in `path`. Raises BadInput if there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise BadInput(f"{path} cannot be read: {problem}") from None
    if not isinstance(found, dict):
        raise BadInput(f"{path} is not a JSON object")
    return found


def file_name(name: str) -> str:
    """`name` with each character that is unsafe in a file name replaced by a hyphen."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"
