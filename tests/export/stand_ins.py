"""Stand-ins for mlflow and wandb, which are too large for these tests: the calls that aisbench makes, with the parameters
and the limits of mlflow-skinny 3.17 and wandb 0.31, and what was logged by them."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Logged:
    """What a tracker has of one run."""

    name: str
    where: Any
    began_ms: int = 0
    ended_ms: int | None = None
    status: str = "RUNNING"
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def keep(self, path: str) -> None:
        self.files[Path(path).name] = Path(path).read_bytes()


class Param:
    def __init__(self, key: str, value: str) -> None:
        assert isinstance(value, str)
        assert len(value) <= 6000
        self.key, self.value = key, value


class Metric:
    def __init__(self, key: str, value: float, timestamp: int, step: int) -> None:
        assert isinstance(value, float)
        assert isinstance(timestamp, int)
        self.key, self.value = key, value


def mlflow() -> tuple[Any, list[Logged]]:
    """The module, and the runs that it gets."""
    runs: list[Logged] = []
    experiments: dict[str, str] = {}

    class MlflowClient:
        def __init__(self, tracking_uri: str | None = None) -> None:
            self.uri = tracking_uri

        def get_experiment_by_name(self, name: str) -> Any:
            return types.SimpleNamespace(experiment_id=experiments[name]) if name in experiments else None

        def create_experiment(self, name: str) -> str:
            experiments[name] = str(len(experiments) + 1)
            return experiments[name]

        def create_run(self, experiment_id: str, start_time: int, tags: dict[str, str], run_name: str) -> Any:
            runs.append(Logged(run_name, (self.uri, experiment_id), start_time, tags=tags))
            return types.SimpleNamespace(info=types.SimpleNamespace(run_id=str(len(runs))))

        def log_batch(
            self, run_id: str, metrics: Sequence[Metric] = (), params: Sequence[Param] = ()
        ) -> None:
            assert len(params) <= 100
            assert len(metrics) <= 1000
            run = runs[int(run_id) - 1]
            run.params |= {one.key: one.value for one in params}
            run.metrics |= {one.key: one.value for one in metrics}

        def log_artifact(self, run_id: str, local_path: str) -> None:
            runs[int(run_id) - 1].keep(local_path)

        def set_terminated(self, run_id: str, status: str, end_time: int | None = None) -> None:
            run = runs[int(run_id) - 1]
            run.status, run.ended_ms = status, end_time

    module: Any = types.ModuleType("mlflow")
    module.MlflowClient = MlflowClient
    module.entities = types.SimpleNamespace(Param=Param, Metric=Metric)
    return module, runs


def wandb() -> tuple[Any, list[Logged]]:
    """The module, and the runs that it gets."""
    runs: list[Logged] = []

    class Artifact:
        def __init__(self, name: str, type: str, metadata: dict[str, Any]) -> None:
            assert all(letter.isalnum() or letter in "-_." for letter in name)
            self.files: list[str] = []

        def add_file(self, local_path: str) -> None:
            self.files.append(local_path)

    class Run:
        def __init__(self, kept: Logged, offline: bool) -> None:
            self.kept, self.summary, self.offline = kept, kept.metrics, offline
            self.dir, self.url = "wandb/offline-run-1/files", "https://wandb.invalid/1"

        def log_artifact(self, artifact: Artifact) -> None:
            for path in artifact.files:
                self.kept.keep(path)

        def __enter__(self) -> Run:
            return self

        def __exit__(self, kind: object, *rest: object) -> None:
            self.kept.status = "FINISHED" if kind is None else "FAILED"

    def init(
        *,
        project: str,
        entity: str | None,
        name: str,
        config: dict[str, Any],
        mode: str | None,
        settings: Any,
    ) -> Run:
        assert settings["silent"]
        runs.append(Logged(name, (project, entity), params=config))
        return Run(runs[-1], mode == "offline")

    module: Any = types.ModuleType("wandb")
    module.init, module.Artifact, module.Settings = init, Artifact, dict
    return module, runs
