"""Files of the warm-up: its bodies, and what a worker writes while it sends them. None is left after a run."""

from __future__ import annotations

import shutil
from pathlib import Path


def warm_up_bodies(records: Path, worker: int) -> Path:
    """The bodies that a worker sends before the run; it deletes them when it has."""
    return records / f"warmup-{worker}.bin"


def warm_up_folder(records: Path, worker: int) -> Path:
    """The folder of its records and shared block meanwhile, where nobody takes them for those of the run."""
    return records / f"warmup-{worker}"


def remove_warm_ups(records: Path) -> None:
    """Deletes what workers left that did not warm up, or died meanwhile."""
    for path in records.glob("warmup-*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
