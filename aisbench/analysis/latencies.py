"""Latencies of requests, by the table of metrics: from the send and from the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aisbench.metrics import BY_NAME
from aisbench.records.run import Run

Floats = NDArray[np.float64]


class _Rows(Protocol):
    """Rows of a run, a column at a time."""

    def __getitem__(self, name: str, /) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Columns:
    """What metrics are computed from (metrics.Requests), of some rows; `origin`: the row's field to count from."""

    rows: _Rows
    tokens: NDArray[np.int64]
    origin: str = "sent_ns"

    def column(self, name: str) -> NDArray[Any]:
        return self.rows[name]

    def since_origin_ms(self, name: str) -> Floats:
        since: Floats = (self.rows[name] - self.rows[self.origin]) / 1e6
        return since


class Latencies:
    """Latencies in ms of the succeeded requests of a run: `latencies["ttft"]` has shape (requests,).

    Each is computed once, when it is first asked for; nan stands for what was not measured of a request.
    """

    def __init__(self, run: Run, output: NDArray[np.int64], origin: str = "sent_ns") -> None:
        """`output`: output tokens of every row. `origin`: the row's field to count from."""
        ok = run.has_status("ok")
        self.requests = Columns(run.selected(ok), output[ok], origin)
        self._open_loop = run.is_open_loop
        self._found: dict[str, Floats] = {}

    def __len__(self) -> int:
        return len(self.requests.tokens)

    def __getitem__(self, name: str) -> Floats:
        if name not in self._found:
            self._found[name] = BY_NAME[name].of(self.requests)
        return self._found[name]

    def measured(self, name: str) -> Floats:
        """Without the requests of which it was not measured."""
        values = self[name]
        return values[~np.isnan(values)]

    def from_plan(self, name: str) -> Floats | None:
        """Counted from the intended time; None in closed loop, where there is none."""
        if not self._open_loop:
            return None
        rows = self.requests.rows
        late: Floats = (rows[self.requests.origin] - rows["planned_ns"]) / 1e6
        return self[name] + late

    @property
    def at_one_moment(self) -> int:
        """How many requests had several tokens, all of them at one moment: they have no TPOT."""
        return int(np.count_nonzero((self.requests.tokens > 1) & np.isnan(self["tpot"])))

    def meeting(self, bounds_ms: Mapping[str, float]) -> int:
        """How many requests meet every bound of {metric: ms}. What was not measured does not meet a bound on it."""
        good = np.ones(len(self), np.bool_)
        for name, bound in bounds_ms.items():
            good &= met(name, self[name], bound, self.requests)
        return int(good.sum())


def met(name: str, values_ms: Floats, bound_ms: float, requests: Columns) -> NDArray[np.bool_]:
    """Which requests meet the bound on the metric `name`, of which they have `values_ms`."""
    exempt = BY_NAME[name].exempt
    good = values_ms <= bound_ms
    return good if exempt is None else good | exempt(requests)
