"""Finding a data set's file, and saying what is wrong with it: all of it at once, by line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import orjson

from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions

# Of a file full of bad lines, so many are named; the others are counted.
SHOWN = 10
READ_BYTES = 1 << 20
# Some editors put it before the first line.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def dataset_file(options: WorkloadOptions, wanted: str) -> Path:
    """The file of --dataset-path; `wanted` says what it should be. Raises BadInput when it cannot be read."""
    path = dataset_path(options, wanted)
    if path.is_dir():
        raise BadInput(f"--dataset-path {path} is a folder; --dataset {options.dataset} wants {wanted}")
    try:
        with path.open("rb") as file:
            if not file.read(READ_BYTES).strip():
                raise BadInput(f"--dataset-path {path} is empty; --dataset {options.dataset} wants {wanted}")
    except OSError as problem:
        raise BadInput(f"--dataset-path {path} cannot be read: {problem.strerror}") from None
    return path


def dataset_path(options: WorkloadOptions, wanted: str) -> Path:
    """Raises BadInput when none was given, or nothing is there."""
    if not options.dataset_path:
        raise BadInput(f"--dataset {options.dataset} needs --dataset-path with {wanted}")
    path = Path(options.dataset_path).expanduser()
    if not path.exists():
        raise BadInput(f"--dataset-path {path}: there is no such file or folder")
    return path


def read_json(path: Path) -> Any:
    """The whole file as JSON; raises BadInput that says where it is broken.

    orjson is many times faster; what it refuses (halves of surrogate pairs, NaN) Python's own may still take.
    """
    data = path.read_bytes()
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        raise BadInput(f"{path} is not UTF-8: {problem.reason} at byte {problem.start}") from None
    except json.JSONDecodeError as problem:
        raise BadInput(
            f"{path}: broken JSON in line {problem.lineno}, column {problem.colno}: {problem.msg}"
        ) from None


def file_hash(path: Path) -> str:
    """sha256 of the file's bytes; of a folder, over the names and bytes of its files in sorted order."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    for part in files:
        if path.is_dir():
            digest.update(part.name.encode() + b"\0")
        with part.open("rb") as file:
            while block := file.read(READ_BYTES):
                digest.update(block)
    return digest.hexdigest()


class BadLine(ValueError):
    """What is wrong with one line."""


class BadLines:
    """Collects what is wrong with a file, so that it is all said at once and before anything is sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.shown: list[str] = []

    def add(self, number: int, what: object) -> None:
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(f"line {number}: {what}")

    def check(self) -> None:
        """Raises BadInput when there were any."""
        if self.count:
            more = f"; and {self.count - len(self.shown)} more" if self.count > len(self.shown) else ""
            lines = "line is" if self.count == 1 else "lines are"
            raise BadInput(f"{self.path}: {self.count} {lines} bad: {'; '.join(self.shown)}{more}")


def json_object(line: bytes) -> dict[str, Any]:
    """One line of a JSON-lines file; raises BadLine unless it is an object."""
    try:
        value = orjson.loads(line.removeprefix(BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as problem:
        raise BadLine(f"broken JSON ({problem})") from None
    if not isinstance(value, dict):
        raise BadLine(f"not a JSON object but {type(value).__name__}")
    return value


def whole_number(value: Any, name: str, least: int) -> int:
    """`value` as an int; raises BadLine, naming the field, unless it is one of at least `least`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadLine(f"{name} is {shortened(value)}, not a whole number")
    if value < least:
        raise BadLine(f"{name} is {value}; it has to be at least {least}")
    return value


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
