"""Writes slices.csv: one row per slice of time."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any


def write_slices_csv(block: dict[str, Any] | None, path: Path) -> None:
    """Writes the columns of summary.json's `slices`, and errors by kind as `errors_KIND`.

    If the run has no slices (`block` is None), removes the file that an earlier report left.
    """
    if block is None:
        path.unlink(missing_ok=True)
        return
    rows = [
        {name: value for name, value in part.items() if name != "errors"}
        | {f"errors_{kind}": count for kind, count in part["errors"].items()}
        for part in block["slices"]
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        # A slice lacks latencies if no request ended in it, and kinds of errors that did not occur in it.
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            writer.writerow({name: 0 if name.startswith("errors_") else "" for name in columns} | row)
