"""Makes the prompts of a trace that a test writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aisbench.backends.registry import backend_named
from aisbench.workload.datasets.registry import check_taken, dataset_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts


def prompts_of(path: Path, backend: str = "openai", dataset: str = "trace", **given: Any) -> Prompts:
    options = WorkloadOptions(
        **({"count": None, "model": "m", "dataset": dataset, "dataset_path": str(path)} | given)
    )
    options.check()
    check_taken(options)
    return dataset_named(dataset).make(options, backend_named(backend))


def written(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def words_of(prompts: Prompts) -> list[list[str]]:
    return [prompt.text.split() for prompt in prompts.items]


def sessions_of(prompts: Prompts) -> list[list[list[int]]]:
    """For each session, the turns that each turn comes after."""
    talks = prompts.conversations
    assert talks is not None
    assert talks.after is not None
    assert talks.after_first is not None
    edges = [
        talks.after[begin:end].tolist()
        for begin, end in zip(talks.after_first[:-1], talks.after_first[1:], strict=True)
    ]
    return [edges[begin:end] for begin, end in zip(talks.first[:-1], talks.first[1:], strict=True)]


def pauses_of(prompts: Prompts) -> list[float]:
    """The pause before each turn, in s."""
    assert prompts.conversations is not None
    return [one / 1e9 for one in prompts.conversations.think_ns.tolist()]
