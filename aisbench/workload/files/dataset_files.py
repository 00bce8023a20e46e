"""Finds a data set's file and reads its lines or entries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import (
    BYTE_ORDER_MARK,
    NOT_UTF8,
    BadLine,
    BadLines,
    json_object,
    parsed_json,
    shortened,
    whole_number,
)
from aisbench.workload.files.file_kinds import refuse_json_array, refuse_other_encodings, refuse_other_kinds
from aisbench.workload.options import WorkloadOptions

_READ_BYTES = 1 << 20


# Data sets may import these names of bad_lines from here, too.
__all__ = ["BadLine", "BadLines", "dataset_file", "json_object", "parsed_json", "shortened", "whole_number"]

Parse = Callable[[], Any]


def dataset_file(options: WorkloadOptions, wanted: str) -> Path:
    """The file of --dataset-path; `wanted` describes what it should be. Raises BadInput when it cannot be read."""
    path = dataset_path(options, wanted)
    if path.is_dir():
        raise BadInput(f"--dataset-path {path} is a folder; --dataset {options.dataset} needs {wanted}")
    if not path.is_file():
        raise BadInput(
            f"--dataset-path {path} is a pipe or a device; it is read twice, so give a file on disk"
        )
    try:
        with path.open("rb") as file:
            if not file.read(_READ_BYTES).removeprefix(BYTE_ORDER_MARK).strip():
                raise BadInput(f"--dataset-path {path} is empty; --dataset {options.dataset} needs {wanted}")
        refuse_other_kinds(path)
    except OSError as problem:
        raise BadInput(f"--dataset-path {path} cannot be read: {problem.strerror}") from None
    return path


def dataset_path(options: WorkloadOptions, wanted: str) -> Path:
    """The file or folder of --dataset-path; raises BadInput when it is not given or does not exist."""
    if not options.dataset_path:
        raise BadInput(f"--dataset {options.dataset} needs --dataset-path with {wanted}")
    try:
        path = Path(options.dataset_path).expanduser()
        if path.exists():
            return path
    except (OSError, RuntimeError, ValueError) as problem:
        raise BadInput(f"--dataset-path {options.dataset_path} cannot be read: {problem}") from None
    raise BadInput(f"--dataset-path {path}: there is no such file or folder")


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers. A CR alone ends a line, too: JSON has it nowhere else."""
    number = 0
    with path.open("rb") as file:
        for line in file:
            text = line if number else line.removeprefix(BYTE_ORDER_MARK)
            for part in text.rstrip().split(b"\r"):
                number += 1
                if part.strip():
                    yield number, part


def first_line(path: Path) -> bytes:
    """The first line that is not blank. Raises BadInput if there is none."""
    for _, line in numbered_lines(path):
        return line
    raise BadInput(f"{path} is empty; it needs at least one line")


def json_lines(path: Path, dataset: str) -> Iterator[tuple[int, Parse]]:
    """The number of each line, and a function that parses it as an object or raises BadLine."""
    refuse_json_array(path, dataset)
    for number, line in numbered_lines(path):
        yield number, lambda line=line: json_object(line)  # type: ignore[misc]


def is_json_list(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1 << 16).removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"[")


def json_entries(path: Path, dataset: str) -> Iterator[tuple[int, Parse]]:
    """The same for the entries of a JSON list, numbered from 1, or for JSON lines."""
    if not is_json_list(path):
        yield from json_lines(path, dataset)
        return
    for number, entry in enumerate(whole_json(path), 1):
        yield number, lambda entry=entry: entry  # type: ignore[misc]


def json_objects(path: Path) -> Iterator[tuple[int, Parse]]:
    """The same for JSON lines, or for the one object that the whole file is, over one line or several."""
    try:
        parsed_json(first_line(path).rstrip().removesuffix(b","))
    except BadLine:
        whole = path.read_bytes()
        try:
            parsed_json(whole)
            yield 1, lambda: json_object(whole)
            return
        except BadLine:
            pass
    for number, line in numbered_lines(path):
        yield number, lambda line=line: json_object(line)  # type: ignore[misc]


def whole_json(path: Path) -> Any:
    """Parses the whole file as JSON; raises BadInput, saying where it is broken."""
    try:
        return parsed_json(path.read_bytes())
    except BadLine as problem:
        if problem.kind == NOT_UTF8:
            refuse_other_encodings(path)
        raise BadInput(f"--dataset-path {path}: {problem}") from None


def file_hash(path: Path) -> str:
    """sha256 of a file's bytes or, for a folder, of the names and bytes of its files in sorted order."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    for part in files:
        if path.is_dir():
            digest.update(part.name.encode() + b"\0")
        with part.open("rb") as file:
            while block := file.read(_READ_BYTES):
                digest.update(block)
    return digest.hexdigest()
