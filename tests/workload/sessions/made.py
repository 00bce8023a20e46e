"""Prompts of session files, made as a run makes them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.workload.datasets.registry import dataset_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def call(name: str, arguments: str = "{}", id_: str = "k1") -> dict[str, Any]:
    called = {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [called]}


def result(text: str, id_: str = "k1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "content": text}


def lines(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def made(
    path: Path, dataset: str = "sessions", backend: str = "openai-chat", **given: Any
) -> tuple[Prompts, list[Prompt]]:
    """The prompts of a file, and their items, so that all notes are there."""
    options = WorkloadOptions(count=None, model="m", dataset=dataset, dataset_path=str(path), **given)
    prompts = dataset_named(dataset).make(options, backend_named(backend))
    return prompts, list(prompts.items)


def edges(prompts: Prompts) -> tuple[list[list[int]], list[list[int]]]:
    """For each turn, what it waits for, and whose answers fill its holes."""
    talks = prompts.conversations
    assert talks is not None
    found = []
    for first, values in ((talks.after_first, talks.after), (talks.fills_first, talks.fills)):
        assert first is not None
        assert values is not None
        found.append([values[a:b].tolist() for a, b in pairwise(first)])
    return found[0], found[1]
