"""Finding a data set's files below the path that a user gives."""

from __future__ import annotations

from pathlib import Path

from aisbench.errors import BadInput


def file_of(path: Path, *patterns: str) -> Path:
    """`path` itself where it is a file; else the first file below it that matches a pattern, in the patterns' order.

    Raises BadInput that says what to put where.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadInput(
            f"--dataset-path {path}: there is no such file or folder; put {' or '.join(patterns)} there"
        )
    for pattern in patterns:
        for found in sorted(path.rglob(pattern)):
            return found
    raise BadInput(f"--dataset-path {path} holds no {' and no '.join(patterns)}; put one there")


def files_of(path: Path, *patterns: str) -> list[Path]:
    """All files below the folder `path` that match one of the patterns, sorted; at least one. Raises BadInput like `file_of`."""
    if path.is_file():
        return [path]
    found = sorted({one for pattern in patterns for one in path.rglob(pattern)}) if path.is_dir() else []
    return found or [file_of(path, *patterns)]
