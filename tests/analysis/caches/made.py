"""Runs whose bodies and cached tokens are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.analysis.blocks.prefix_cache import prefix_cache_block
from aisbench.analysis.caches.block import CacheTheory
from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.workload.bodies import write_bodies
from tests.analysis.made_runs import base_config, made_rows, write_run


def words(name: str, count: int) -> str:
    return " ".join(f"{name}{i}" for i in range(count))


def run_of(
    folder: Path,
    bodies: Sequence[dict[str, Any]],
    *,
    prompt_tokens: Sequence[int],
    cached: Any,
    endpoint: Any = 0,
    config: dict[str, Any] | None = None,
    **info: Any,
) -> Run:
    """One request for each body, one after the other, each with an answer of one token."""
    rows = made_rows(np.arange(len(bodies)) * 100.0, ttft_ms=10.0, tokens=1)
    rows["prompt_tokens"] = prompt_tokens
    rows["cached_tokens"] = cached
    rows["endpoint"] = endpoint
    path = write_run(folder / "run", rows, config={**base_config(), **(config or {})}, **info)
    write_bodies(path / "records/bodies.bin", [json.dumps(body).encode() for body in bodies], len(bodies))
    return Run.load(path)


def theory_of(run: Run) -> CacheTheory:
    block = prefix_cache_block(Measured(run))
    assert block is not None
    assert block["theory"] is not None
    return block["theory"]
