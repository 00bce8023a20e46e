"""Logs a finished run to Weights & Biases (`aisbench export wandb`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.export.tracked import TrackedRun
from aisbench.extras import install_command


class WandbTracker:
    """The project `project` of `entity` (None: the user's default). `offline`: runs are kept in ./wandb, for `wandb sync`.

    Everything else is as W&B's own variables and settings say (WANDB_API_KEY, WANDB_MODE, WANDB_DIR).
    Raises BadInput if W&B is not installed.
    """

    def __init__(self, project: str, entity: str | None, *, offline: bool) -> None:
        try:
            import wandb
        except ImportError:
            raise BadInput(
                f"aisbench export wandb needs wandb: {install_command('wandb', 'wandb')}"
            ) from None
        self._wandb: Any = wandb
        self._how = {"project": project, "entity": entity, "mode": "offline" if offline else None}

    def log(self, run: TrackedRun) -> str:
        """Logs `run`, and returns where it is."""
        settings = self._wandb.Settings(silent=True)
        with self._wandb.init(name=run.name, config=run.params, settings=settings, **self._how) as logged:
            logged.summary.update({**run.metrics, "verdict": run.verdict, "outcome": run.outcome})
            # Names of artifacts have letters, digits and these only.
            name = re.sub(r"[^\w.-]", "_", f"aisbench-{run.folder.resolve().name}")
            artifact = self._wandb.Artifact(name, type="aisbench-run", metadata={"version": run.version})
            for path in run.files:
                artifact.add_file(str(path))
            logged.log_artifact(artifact)
            if logged.offline:
                return f"{Path(logged.dir).parent}, for `wandb sync`"
            return str(logged.url)
