"""The same figures for parts of a run: each server, each turn of the conversations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.latencies import Latencies
from aisbench.analysis.statistics import describe
from aisbench.analysis.tokens import TokenCounts
from aisbench.records.run import Run

# Turns beyond this are counted together with it.
MOST_TURNS = 50


def endpoints_block(run: Run, latencies: Latencies, tokens: TokenCounts) -> list[dict[str, Any]] | None:
    """One entry for each server of the run, in the order of --url; None where there was one alone."""
    urls = run.info.get("endpoints") or []
    if len(urls) < 2:
        return None
    groups = run.rows["endpoint"]
    return [
        {"url": url, **figures(run, groups == index, latencies, tokens)} for index, url in enumerate(urls)
    ]


def turns_block(run: Run, latencies: Latencies, tokens: TokenCounts) -> list[dict[str, Any]] | None:
    """One entry for each turn, from 1 on; None where there were no conversations."""
    if not run.has_conversations or len(run.rows) == 0:
        return None
    turns = np.minimum(run.rows["turn"], MOST_TURNS - 1)
    return [
        {"turn": turn + 1, **figures(run, turns == turn, latencies, tokens)}
        for turn in range(int(turns.max()) + 1)
    ]


def figures(run: Run, mask: NDArray[np.bool_], latencies: Latencies, tokens: TokenCounts) -> dict[str, Any]:
    """Of the rows in `mask`, shape (rows,): counts, rates over the whole run, latencies in ms (None for those that nothing showed)."""
    ok = run.has_status("ok")
    mine = mask[ok]
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
    shown = (("ttft", latencies.ttft), ("tpot", latencies.tpot_each), ("e2el", latencies.e2el))
    for name, values in shown if run.streams else shown[2:]:
        part = values[mine]
        figures = describe(part[~np.isnan(part)])
        found |= {f"{kind}_{name}_ms": figures[kind] for kind in ("mean", "p50", "p99")}
    return found
