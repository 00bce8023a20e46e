"""The block `keeping_up`: compares the requests done with those that came due, and tests whether the queue grew."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, TypedDict

import numpy as np

from aisbench.analysis.backlog import Flow, growth
from aisbench.analysis.contract.keys import RequestRate, Seconds, Unit
from aisbench.analysis.progress import progress
from aisbench.records.run import Run

# Until the first requests are answered, the backlog grows for any server. So the first 1.25 E2ELs and the first tenth
# of the load are left out, and at least 30 % must remain.
_FILLING_E2ELS = 1.25
_FILLING_SHARE = 0.1
_LOOKED_AT_SHARE = 0.3
# A backlog that grows by this share of the load matters to its latencies within a minute.
_GROWS_SHARE = 0.03
# If the rate changes, the backlog changes with it, so only a throughput far below the load counts.
_DONE_SHARE = 0.8
_FEWEST_REQUESTS = 30


class KeepingUpBlock(TypedDict):
    """Requests done and requests that came due, in an open loop after the first answers."""

    seconds: Annotated[Seconds, "length of the part of the load that was examined"]
    asked_per_s: Annotated[RequestRate, "requests that came due"]
    done_per_s: Annotated[RequestRate, "requests that were done; those under way count in part"]
    queue_growth_per_s: Annotated[float, Unit("requests/s"), "asked_per_s - done_per_s"]
    waiting_at_end: Annotated[
        float, Unit("requests"), "requests that were due but not done when sending ended"
    ]
    kept_up: Annotated[bool, "false if the queue grew, and latencies with it"]


@dataclass(frozen=True)
class KeepingUp:
    """The examined part of the load, `seconds` long: requests/s that came due (`asked`) and that were `done`, counting
    those under way in part. `waiting`: requests that were due but not done at its end."""

    seconds: float
    asked: float
    done: float
    waiting: float
    kept_up: bool

    def as_dict(self) -> KeepingUpBlock:
        return {
            "seconds": self.seconds,
            "asked_per_s": self.asked,
            "done_per_s": self.done,
            "queue_growth_per_s": self.asked - self.done,
            "waiting_at_end": self.waiting,
            "kept_up": self.kept_up,
        }


def keeping_up(run: Run) -> KeepingUp | None:
    """Whether the server kept up. None where this cannot be decided: in a closed loop, for conversations (which wait
    for their answers), and for loads that are short compared with their requests."""
    if not run.is_open_loop or run.has_conversations or len(run.rows) < _FEWEST_REQUESTS:
        return None
    # Rows are in the order of the plan, or almost, which the stable sort makes use of.
    due_ns = np.sort(run.rows["planned_ns"] - run.start_ns, kind="stable")
    end_ns = min(int(due_ns[-1]), int(run.info.get("sending_ended_ns") or run.last_ns) - run.start_ns)
    first_e2el_ns = _early_e2el_ns(run)
    if end_ns <= 0 or first_e2el_ns is None:
        return None
    begin_ns = int(max(_FILLING_E2ELS * first_e2el_ns, _FILLING_SHARE * end_ns))
    due_inside = int(np.count_nonzero((due_ns >= begin_ns) & (due_ns < end_ns)))
    if end_ns - begin_ns < _LOOKED_AT_SHARE * end_ns or due_inside < _FEWEST_REQUESTS:
        return None
    served = progress(run, end_ns)
    flow = Flow.within(due_ns, served, begin_ns, end_ns)
    asked, done = float(flow.due.mean()), float(flow.done.mean())
    waiting = float(np.count_nonzero(due_ns < end_ns) - served.until(np.array([float(end_ns)]))[0])
    grown = growth(flow, asked)
    if math.isinf(run.config.rate_rps):
        kept_up = done >= _DONE_SHARE * asked
    else:
        kept_up = not (grown.grows and grown.clear and grown.share > _GROWS_SHARE)
    return KeepingUp((end_ns - begin_ns) / 1e9, asked, done, waiting, kept_up)


def _early_e2el_ns(run: Run) -> float | None:
    """The median E2EL of the first successful requests, before a queue can be long; None if none succeeded."""
    first = np.flatnonzero(run.has_status("ok"))[: max(len(run.rows) // 50, _FEWEST_REQUESTS // 2)]
    if len(first) == 0:
        return None
    return float(np.median(run.rows["last_token_ns"][first] - run.rows["sent_ns"][first]))
