"""The figures of a run by the place of a turn in its session."""

from __future__ import annotations

from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.keys import Count, MoreKeys, Ms, Requests, Share, more_keys, with_keys
from aisbench.analysis.measured import Measured
from aisbench.metrics import METRICS

# Up to here each turn stands alone; later ones are put together, each range up to one of these.
_SINGLE_TURNS = 20
_RANGE_ENDS = (30, 40, 50, 75, 100, 150, 200, 300, 500, 1000)
_KINDS = ("mean", "p50", "p90", "p99")


@more_keys(
    MoreKeys(
        f"^({'|'.join(_KINDS)})_({'|'.join(metric.key for metric in METRICS if not metric.pooled)})$",
        Ms | None,
        "latencies in ms; null if none was measured",
    )
)
class TurnRange(TypedDict):
    """The turns at one place, or in a range of places, of all sessions."""

    from_turn: Annotated[Count, "counted from 1"]
    to_turn: Annotated[Count, "the same for a single turn"]
    sent: Requests
    completed: Requests
    failed: Requests
    prompt_tokens: Annotated[float | None, "mean; null if none completed"]
    output_tokens: Annotated[float | None, "mean; null if none completed"]
    cached_share: Annotated[
        Share | None, "share of the prompt tokens found in the prefix cache; null if no usage gave it"
    ]


def turn_ranges(measured: Measured) -> list[TurnRange]:
    """One entry for each turn up to the 20th, then one for each range; turns that nobody reached are left out."""
    rows = measured.run.rows
    turn = np.where(rows["conversation"] >= 0, rows["turn"] + 1, 0)
    ends = [*range(1, _SINGLE_TURNS + 1), *_RANGE_ENDS]
    group = np.searchsorted(ends, turn)
    found = []
    for place in np.unique(group[turn > 0]).tolist():
        mine = (group == place) & (turn > 0)
        # Beyond the last range, and within the one that is not full, the range ends with the last turn there.
        last = int(turn[mine].max())
        begin = ends[place - 1] + 1 if place else 1
        found.append(_range(measured, begin, last, mine))
    return found


def _range(measured: Measured, begin: int, last: int, mine: NDArray[np.bool_]) -> TurnRange:
    run, tokens = measured.run, measured.tokens
    ok = mine & measured.ok
    completed = int(ok.sum())
    told = ok & (run.rows["cached_tokens"] >= 0) & (tokens.prompt > 0)
    asked = int(tokens.prompt[told].sum())
    hits = np.minimum(run.rows["cached_tokens"], tokens.prompt)[told].sum()
    block: TurnRange = {
        "from_turn": begin,
        "to_turn": last,
        "sent": int((mine & (run.rows["sent_ns"] > 0)).sum()),
        "completed": completed,
        "failed": int((mine & run.has_status("failed")).sum()),
        "prompt_tokens": float(tokens.prompt[ok].mean()) if completed else None,
        "output_tokens": float(tokens.output[ok].mean()) if completed else None,
        "cached_share": float(hits / asked) if asked else None,
    }
    figures = measured.figures_within(mine[measured.ok])
    return with_keys(
        block, {f"{kind}_{key}": dict(found)[kind] for key, found in figures.items() for kind in _KINDS}
    )
