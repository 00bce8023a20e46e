"""Reads rows of a Hugging Face data set from files on disk or from the local cache. Nothing is downloaded."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLines
from aisbench.workload.files.dataset_files import dataset_file, json_entries
from aisbench.workload.options import WorkloadOptions

_SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")

Parsers = Iterator[tuple[int, Callable[[], Any]]]


def hf_root(options: WorkloadOptions) -> Path:
    """The file or folder of --dataset-path, or the cached folder of the data set of that name; raises BadInput."""
    name = options.dataset_path
    if not name:
        raise BadInput(
            "--dataset hf needs --dataset-path with a file, a folder, or the name of a cached data set"
        )
    path = Path(name).expanduser()
    if path.is_file() and path.suffix.lower() != ".parquet":
        return dataset_file(options, "rows as JSON lines, JSON or CSV")
    if path.exists():
        return path
    cached = _cached_folder(name)
    if cached is None:
        raise BadInput(
            f"--dataset-path {name}: there is no such file or folder, and no data set of that name in the local "
            f"cache; fetch it first: hf download --repo-type dataset {name}"
        )
    return cached


def _cached_folder(name: str) -> Path | None:
    """The newest snapshot of a data set in the Hugging Face cache; None when there is none."""
    try:
        from huggingface_hub.constants import HF_HUB_CACHE
    except ImportError:
        return None
    snapshots = Path(HF_HUB_CACHE) / f"datasets--{name.replace('/', '--')}" / "snapshots"
    found = sorted(snapshots.glob("*"), key=lambda one: one.stat().st_mtime)
    return found[-1] if found else None


def data_files(root: Path, options: WorkloadOptions, split: str | None, subset: str | None) -> list[Path]:
    """The files of a split, in the order of their names; raises BadInput where none is found."""
    if root.is_file():
        if root.suffix.lower() not in _SUFFIXES:
            raise BadInput(f"--dataset-path {root}: its name must end in one of {', '.join(_SUFFIXES)}")
        return [root]
    found = sorted(one for one in root.rglob("*") if one.suffix.lower() in _SUFFIXES and one.is_file())
    of_subset = [one for one in found if subset is None or subset in one.relative_to(root).parts[:-1]]
    if not of_subset and (options.hf_subset is None or len(found) == 1):
        of_subset = found
    of_split = [one for one in of_subset if split is None or split in one.stem or split in one.parts[-2]]
    if not of_split and len(of_subset) == 1 and options.hf_split is None:
        of_split = of_subset
    if not of_split:
        there = ", ".join(str(one.relative_to(root)) for one in found[:10]) or "no data file"
        asked = " and ".join(
            f"{flag} {value}" for flag, value in (("--hf-subset", subset), ("--hf-split", split)) if value
        )
        raise BadInput(f"--dataset-path {root} has no file for {asked or 'any split'}; available: {there}")
    return of_split


def parsers_of(files: list[Path], options: WorkloadOptions) -> Parsers:
    """A number for each entry, which continues through all files, and a function that parses the entry as a row."""
    number = 0
    for path in files:
        for _, parse in _entries(path, options):
            number += 1
            yield number, parse


def _entries(path: Path, options: WorkloadOptions) -> Parsers:
    if path.suffix.lower() == ".parquet":
        yield from _parquet_rows(path)
    elif path.suffix.lower() == ".csv":
        csv.field_size_limit(1 << 30)
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.DictReader(file), 1):
                yield number, lambda row=row: row  # type: ignore[misc]
    else:
        yield from json_entries(path, options.dataset)


def _parquet_rows(path: Path) -> Parsers:
    try:
        from pyarrow import parquet
    except ImportError:
        raise BadInput(
            f"{path} needs pyarrow; install it with: pip install pyarrow, or give JSON lines"
        ) from None
    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield number, lambda row=row: row  # type: ignore[misc]
    except (OSError, ValueError) as problem:
        raise BadInput(f"{path} cannot be read as Parquet ({problem})") from None


def bad_lines(files: list[Path], options: WorkloadOptions) -> BadLines:
    return BadLines(
        files[0] if len(files) == 1 else files[0].parent, strict=options.strict_dataset, unit="row"
    )
