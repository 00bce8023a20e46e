"""Names a workload by everything that it is made from: workloads with equal keys are equal."""

from __future__ import annotations

import datetime
import hashlib
import json
import sys
from dataclasses import fields
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import aisbench
from aisbench.backends.registry import BACKENDS
from aisbench.errors import BadInput
from aisbench.workload.recipe import Recipe
from aisbench.workload.tokens.tokenizers import tokenizer_folder

# Raised when entries are written in another way.
_LAYOUT = 1
# Data sets that depend on nothing but their options, and on the file of --dataset-path. Not on the images that a file
# names, for example, or on a file that is looked for elsewhere.
_GENERATED = ("random", "random-rerank", "random-mm", "synthetic", "prefix-repetition", "prefix_repetition")
_OF_ONE_FILE = (
    *("prefix-cache-scenario", "sharegpt", "burstgpt", "jsonl", "csv", "trace", "timed_trace", "file"),
    *("sessions", "conversations", "dag_jsonl", "raw_payload", "inputs_json", "mlcommons_agentic"),
    *("agentic_trace", "otel_spans", "workload_trace"),
)
# Those whose prompts go through a chat template, which may put the date into them.
_TEMPLATED = ("custom", "sonnet", "spec_bench")
_KNOWN = frozenset([*_GENERATED, *_OF_ONE_FILE, *_TEMPLATED])
_PACKAGES = ("transformers", "tokenizers", "numpy", "jinja2")
# Folders of this package that make workloads. Their files count, too, as the version stays while one develops.
_CODE = ("accuracy", "backends", "masking", "workload")
# More files than that do not belong to a tokenizer or a data set.
_MOST_FILES = 1000


def key_of(recipe: Recipe) -> str | None:
    """The key in hexadecimal digits; None: not everything that the workload depends on is known."""
    options = recipe.options
    name = next((name for name, one in BACKENDS.items() if one is recipe.backend), None)
    # What `through` does depends on a server.
    if (
        name is None
        or recipe.through is not None
        or options.dataset not in _KNOWN
        or options.trust_remote_code
    ):
        return None
    try:
        facts = [
            *(_LAYOUT, aisbench.__version__, _code(), sys.version, _versions()),
            *(name, recipe.stream, recipe.warm_up),
            {field.name: getattr(options, field.name) for field in fields(options)},
            datetime.date.today().isoformat() if options.dataset in _TEMPLATED else None,
            _identity(Path(options.dataset_path).expanduser()) if options.dataset_path else None,
            _identity(tokenizer_folder(options.tokenizer)) if options.tokenizer is not None else None,
        ]
    except (OSError, RuntimeError, ValueError, BadInput):
        # Making the workload says what is wrong.
        return None
    return hashlib.sha256(json.dumps(facts, default=_plain).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Mappings of other kinds than dict."""
    return dict(value) if hasattr(value, "keys") else repr(value)


def _identity(path: Path) -> list[Any]:
    """Where a file is, its size and when it was written; of a folder, those of all files in it.

    Raises OSError if it cannot be read, and ValueError for too many files.
    """
    path = path.resolve()
    if not path.is_dir():
        return [_file_facts(path)]
    found: list[Any] = []
    for one in path.rglob("*"):
        if one.is_file():
            found.append(_file_facts(one))
        if len(found) > _MOST_FILES:
            raise ValueError(f"more than {_MOST_FILES} files in {path}")
    return sorted(found)


def _file_facts(path: Path) -> list[Any]:
    found = path.stat()
    return [str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]


def _versions() -> list[str | None]:
    return [_version(name) for name in _PACKAGES]


@lru_cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@lru_cache(maxsize=1)
def _code() -> list[Any]:
    """The sizes and times of this package's own files."""
    root = Path(aisbench.__file__).parent
    found = []
    for folder in _CODE:
        for path in (root / folder).rglob("*.py"):
            facts = path.stat()
            found.append([str(path.relative_to(root)), facts.st_size, facts.st_mtime_ns])
    return sorted(found)
