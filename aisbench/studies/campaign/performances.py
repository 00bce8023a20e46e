"""AISBench's files of a load task, in performances/<model>/: the tables, the page and the requests of its last run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.csv_cells import write_csv
from aisbench.report.text.aisbench_table import aisbench_rows

# The run's own files under AISBench's names.
_LINKS = {"_plot.html": "report.html", "_details.jsonl": "requests.jsonl"}


def last_run(runs: Path) -> Path | None:
    """The newest run in the folder `runs`; None where there is none with records."""
    found = sorted(path.parents[1] for path in runs.glob("*/records/run.json"))
    return found[-1] if found else None


def write_performances(run: Path, summary: dict[str, Any], *, stage: str | None) -> Path:
    """Writes <dataset>.csv (figures of requests) and .json (of the run) beside the folder of `run`; returns the first's path.

    `summary`: the run's. `stage`: total or stable; None: both.
    """
    runs = run.parent
    (head, of_requests), (_, of_run) = aisbench_rows(summary)
    stages = {row[1] for row in of_requests}
    kept = stages if stage not in stages else {stage}
    path = runs.parent / f"{runs.name}.csv"
    write_csv([head, *(row for row in of_requests if row[1] in kept)], path)
    common: dict[str, dict[str, str]] = {}
    for title, name, value in of_run:
        if name in kept:
            common.setdefault(title, {})[name] = value
    write_text(json.dumps(common, indent=4, ensure_ascii=False), path.with_suffix(".json"))
    for suffix, name in _LINKS.items():
        link = runs.parent / f"{runs.name}{suffix}"
        link.unlink(missing_ok=True)
        link.symlink_to((run / name).relative_to(runs.parent))
    return path
