"""The same figures for parts of a run: each server, each turn of the conversations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured

# Turns beyond this are counted together with it.
MOST_TURNS = 50


def endpoints_block(measured: Measured) -> list[dict[str, Any]] | None:
    """One entry for each server of the run, in the order of --url; None where there was one alone."""
    run = measured.run
    urls = run.info.get("endpoints") or []
    if len(urls) < 2:
        return None
    groups = run.rows["endpoint"]
    return [{"url": url, **figures(measured, groups == index)} for index, url in enumerate(urls)]


def turns_block(measured: Measured) -> list[dict[str, Any]] | None:
    """One entry for each turn, from 1 on; None where there were no conversations."""
    run = measured.run
    if not run.has_conversations or len(run.rows) == 0:
        return None
    turns = np.minimum(run.rows["turn"], MOST_TURNS - 1)
    return [{"turn": turn + 1, **figures(measured, turns == turn)} for turn in range(int(turns.max()) + 1)]


def figures(measured: Measured, mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Of the rows in `mask`, shape (rows,): counts, rates over the whole run, latencies in ms (None for those that nothing showed)."""
    run, tokens = measured.run, measured.tokens
    mine = mask[measured.ok]
    seconds = run.duration_ns / 1e9
    found: dict[str, Any] = {
        "sent": int((mask & (run.rows["sent_ns"] > 0)).sum()),
        "completed": int(mine.sum()),
        "failed": int((mask & run.has_status("failed")).sum()),
        "input_tokens": int(tokens.prompt[mask].sum()),
        "output_tokens": int(tokens.output[mask].sum()),
        "request_throughput": float(mine.sum()) / seconds if seconds > 0 else 0.0,
        "output_throughput": float(tokens.output[mask].sum()) / seconds if seconds > 0 else 0.0,
    }
    for key, of_metric in measured.figures_within(mine).items():
        found |= {f"{kind}_{key}": of_metric[kind] for kind in ("mean", "p50", "p99")}
    return found
