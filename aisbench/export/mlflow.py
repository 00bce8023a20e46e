"""Logs a finished run to MLflow (`aisbench export mlflow`)."""

from __future__ import annotations

import json
from typing import Any

from aisbench.errors import BadInput
from aisbench.export.tracked import TrackedRun
from aisbench.extras import install_command

# What MLflow takes in one request, and of one parameter.
_PARAMS_AT_ONCE = 100
_LONGEST_PARAM = 500
_STATUS = {"finished": "FINISHED", "failed": "FAILED"}


class MlflowTracker:
    """The experiment named `experiment`, which is made if it is not there, at `uri`. None: that of MLflow's own
    variables and settings (MLFLOW_TRACKING_URI).

    Raises BadInput if MLflow is not installed.
    """

    def __init__(self, uri: str | None, experiment: str) -> None:
        try:
            import mlflow
        except ImportError:
            raise BadInput(
                f"aisbench export mlflow needs MLflow: {install_command('mlflow', 'mlflow-skinny')}"
            ) from None
        self._entities: Any = mlflow.entities
        self._client = mlflow.MlflowClient(tracking_uri=uri)
        found = self._client.get_experiment_by_name(experiment)
        self._experiment = found.experiment_id if found else self._client.create_experiment(experiment)

    def log(self, run: TrackedRun) -> str:
        """Logs `run`, and returns where it is."""
        began_ms, ended_ms = int(1e3 * run.began_s), int(1e3 * run.ended_s)
        tags = {
            "aisbench.version": run.version,
            "aisbench.verdict": run.verdict,
            "aisbench.outcome": run.outcome,
        }
        made = self._client.create_run(self._experiment, start_time=began_ms, tags=tags, run_name=run.name)
        key = made.info.run_id
        try:
            params = [self._entities.Param(name, _text(value)) for name, value in run.params.items()]
            for at in range(0, len(params), _PARAMS_AT_ONCE):
                self._client.log_batch(key, params=params[at : at + _PARAMS_AT_ONCE])
            metrics = [self._entities.Metric(name, value, ended_ms, 0) for name, value in run.metrics.items()]
            self._client.log_batch(key, metrics=metrics)
            for path in run.files:
                self._client.log_artifact(key, str(path))
        except BaseException:
            self._client.set_terminated(key, "FAILED")
            raise
        self._client.set_terminated(key, _STATUS.get(run.outcome, "KILLED"), ended_ms)
        return f"run {key} of experiment {self._experiment}"


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_PARAM else f"{text[: _LONGEST_PARAM - 3]}..."
