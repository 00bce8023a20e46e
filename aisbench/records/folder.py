"""Creates a run's folder, and writes its config.yaml and `records/run.json`."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput, CannotRun
from aisbench.masking.masking import masked_text


class RunDirectory:
    """A folder such as `outputs/default/YYYYmmdd_HHMMSS/`, with `records/` and `logs/` in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = path / "records"
        self.facts: dict[str, Any] = {"schema": 1}

    @staticmethod
    def create(work_dir: str) -> RunDirectory:
        """Makes a new folder named after the current second. Raises BadInput if it cannot be made."""
        run = RunDirectory(new_folder(work_dir))
        run.records.mkdir()
        (run.path / "logs").mkdir()
        return run

    def write_config(self, config: RunConfig, **resolved: Any) -> None:
        """Writes config.yaml: `aisbench-load --config` with it repeats the run."""
        import yaml  # not for --help

        options = {**config.as_dict(), **resolved}
        if config.rate is None:
            # Written as inf, it would override the times of a trace.
            del options["rate"]
        if config.model is None and config.dataset == "file":
            # If named, it would override the model in the recorded bodies.
            del options["model"]
        given = {name: value for name, value in options.items() if value not in (None, [], {})}
        (self.path / "config.yaml").write_text(yaml.safe_dump(given, sort_keys=False))

    def note(self, notes: list[str]) -> None:
        """Adds `notes` for the report, without secrets; they are written with the next facts."""
        self.facts["notes"] = [*(self.facts.get("notes") or ()), *map(masked_text, notes)]

    def write(self, **facts: Any) -> None:
        """Adds `facts` to run.json. The file is replaced as a whole, so it is never half written.

        Raises CannotRun if the folder is gone.
        """
        self.facts.update(facts)
        try:
            write_text(json.dumps(self.facts, indent=1), self.records / "run.json")
        except FileNotFoundError:
            raise self._gone() from None

    def check(self) -> None:
        """Raises CannotRun if the folder is gone."""
        try:
            self.records.stat()
        except FileNotFoundError:
            raise self._gone() from None
        except OSError:
            # A network disk may be away for a moment.
            pass

    def _gone(self) -> CannotRun:
        return CannotRun(
            f"the run's folder {self.path} is gone, and its records with it; do not delete or move it during a run"
        )


def name_of_now(prefix: str) -> str:
    """`prefix` and the local time, as YYYYmmdd_HHMMSS."""
    return f"{prefix}{datetime.now():%Y%m%d_%H%M%S}"


def new_folder(work_dir: str, prefix: str = "") -> Path:
    """Makes `work_dir`/`prefix`YYYYmmdd_HHMMSS (with _2, _3 if that exists). Raises BadInput if it cannot be made."""
    base = Path(work_dir)
    name = name_of_now(prefix)
    for suffix in ("", *(f"_{i}" for i in range(2, 100))):
        try:
            path = base / f"{name}{suffix}"
            path.mkdir(parents=True)
        except FileExistsError:
            if base.exists() and not base.is_dir():
                raise BadInput(f"--work-dir {work_dir} is a file; name a folder") from None
            continue
        except OSError as problem:
            raise BadInput(
                f"--work-dir {work_dir} cannot be made ({problem.strerror}); name another folder"
            ) from None
        return path
    raise BadInput(f"--work-dir {work_dir}: no free name for this second; try again")


def local_date() -> str:
    """Now, as ISO 8601 with the offset from UTC."""
    return datetime.fromtimestamp(time.time()).astimezone().isoformat(timespec="seconds")
