"""The blocks `endpoints` and `turns`: the same figures for each server, and for each turn of conversations."""

from __future__ import annotations

from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.keys import (
    Count,
    MoreKeys,
    Ms,
    RequestRate,
    Requests,
    TokenRate,
    Tokens,
    more_keys,
    with_keys,
)
from aisbench.analysis.measured import Measured
from aisbench.metrics import METRICS

LATENCIES = MoreKeys(
    f"^(mean|p50|p99)_({'|'.join(metric.key for metric in METRICS if not metric.pooled)})$",
    Ms | None,
    "latencies in ms; null if none was measured",
)


class PartFigures(TypedDict):
    """Figures of a part of the run; rates are over the whole run."""

    sent: Requests
    completed: Requests
    failed: Requests
    input_tokens: Tokens
    output_tokens: Tokens
    request_throughput: Annotated[RequestRate, "succeeded requests"]
    output_throughput: Annotated[TokenRate, "their output tokens"]


@more_keys(LATENCIES)
class Endpoint(PartFigures):
    """One server of a run against several."""

    url: Annotated[str, "its address, without secrets"]


@more_keys(LATENCIES)
class Turn(PartFigures):
    """One turn of the conversations."""

    turn: Annotated[Count, "counted from 1; the 50th includes all later ones"]
    planned: Annotated[Requests | None, "null if only time bounds the run"]
    not_sent: Annotated[
        Requests | None, "planned, but the run or their conversation ended first; null with `planned`"
    ]


# Later turns are counted together with this one.
_MOST_TURNS = 50


def endpoints_block(measured: Measured) -> list[Endpoint] | None:
    """One entry for each server of the run, in the order of --url; None for a single server."""
    run = measured.run
    urls = run.info.get("endpoints") or []
    if len(urls) < 2:
        return None
    groups = run.rows["endpoint"]
    return [_one_endpoint(measured, url, groups == index) for index, url in enumerate(urls)]


def _one_endpoint(measured: Measured, url: str, mask: NDArray[np.bool_]) -> Endpoint:
    block: Endpoint = {"url": url, **figures(measured, mask)}
    return with_keys(block, latencies(measured, mask))


def turns_block(measured: Measured) -> list[Turn] | None:
    """One entry for each turn, counted from 1; None without conversations."""
    run = measured.run
    if not run.has_conversations or len(run.rows) == 0:
        return None
    turns = np.minimum(run.rows["turn"], _MOST_TURNS - 1)
    planned: list[int] | None = run.info.get("planned_turns")
    if planned is None:
        return [_one_turn(measured, turn, turns == turn, None) for turn in range(int(turns.max()) + 1)]
    planned = [*planned[: _MOST_TURNS - 1], *([sum(rest)] if (rest := planned[_MOST_TURNS - 1 :]) else [])]
    return [_one_turn(measured, turn, turns == turn, count) for turn, count in enumerate(planned)]


def _one_turn(measured: Measured, turn: int, mask: NDArray[np.bool_], planned: int | None) -> Turn:
    """`turn` counts from 0."""
    block: Turn = {
        "turn": turn + 1,
        "planned": planned,
        "not_sent": max(0, planned - int(mask.sum())) if planned is not None else None,
        **figures(measured, mask),
    }
    return with_keys(block, latencies(measured, mask))


def figures(measured: Measured, mask: NDArray[np.bool_]) -> PartFigures:
    """Counts of the rows in `mask`, shape (rows,), and their rates over the whole run."""
    run, tokens = measured.run, measured.tokens
    mine = mask[measured.ok]
    seconds = run.duration_ns / 1e9
    return {
        "sent": int((mask & (run.rows["sent_ns"] > 0)).sum()),
        "completed": int(mine.sum()),
        "failed": int((mask & run.has_status("failed")).sum()),
        "input_tokens": int(tokens.prompt[mask].sum()),
        "output_tokens": int(tokens.output[mask].sum()),
        "request_throughput": float(mine.sum()) / seconds if seconds > 0 else 0.0,
        "output_throughput": float(tokens.output[mask].sum()) / seconds if seconds > 0 else 0.0,
    }


def latencies(measured: Measured, mask: NDArray[np.bool_]) -> dict[str, float | None]:
    """Latencies of the rows in `mask`, shape (rows,), in ms; None for those that were not measured."""
    found: dict[str, float | None] = {}
    for key, of_metric in measured.figures_within(mask[measured.ok]).items():
        found |= {
            f"mean_{key}": of_metric["mean"],
            f"p50_{key}": of_metric["p50"],
            f"p99_{key}": of_metric["p99"],
        }
    return found
