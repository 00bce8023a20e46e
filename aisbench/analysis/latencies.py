"""Latencies of requests, counted from the send or from the plan, for each metric of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aisbench.metrics import BY_NAME
from aisbench.records.run import Run

Floats = NDArray[np.float64]
# Computing the latencies again takes less time than it takes memory to keep them: 0.1 s for 10 million requests, of
# which the values of one metric take 80 MB.
_KEPT_MOST = 1 << 21


class _Rows(Protocol):
    """Rows of a run, a column at a time."""

    def __getitem__(self, name: str, /) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Columns:
    """Some rows, as metrics read them (metrics.Requests). `origin`: the field that latencies are counted from."""

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

    A value that was not measured is nan. Those of a run of up to _KEPT_MOST requests are computed once, when first read.
    """

    def __init__(self, run: Run, output: NDArray[np.int64], origin: str = "sent_ns") -> None:
        """`output`: output tokens of every row. `origin`: the field that latencies are counted from."""
        ok = run.has_status("ok")
        self.requests = Columns(run.selected(ok), output if ok.all() else output[ok], origin)
        self._open_loop = run.is_open_loop
        self._found: dict[str, Floats] = {}

    def __len__(self) -> int:
        return len(self.requests.tokens)

    def __getitem__(self, name: str) -> Floats:
        if name in self._found:
            return self._found[name]
        values = BY_NAME[name].of(self.requests)
        if len(self) <= _KEPT_MOST:
            self._found[name] = values
        return values

    def measured(self, name: str) -> Floats:
        """The values of the requests for which it was measured, ms."""
        values = self[name]
        missing = np.isnan(values)
        return values[~missing] if missing.any() else values

    def from_plan(self, name: str) -> Floats | None:
        """The latency counted from the planned time, ms; None in a closed loop, which has no plan."""
        if not self._open_loop:
            return None
        rows = self.requests.rows
        late: Floats = (rows[self.requests.origin] - rows["planned_ns"]) / 1e6
        return self[name] + late

    @property
    def at_one_moment(self) -> int:
        """How many requests got several tokens, all at one moment. They have no TPOT."""
        return int(np.count_nonzero((self.requests.tokens > 1) & np.isnan(self["tpot"])))

    def meeting(self, bounds_ms: Mapping[str, float]) -> int:
        """How many requests meet every bound of {metric: ms}. A value that was not measured meets no bound."""
        good = np.ones(len(self), np.bool_)
        for name, bound in bounds_ms.items():
            good &= met(name, self[name], bound, self.requests)
        return int(good.sum())


def met(name: str, values_ms: Floats, bound_ms: float, requests: Columns) -> NDArray[np.bool_]:
    """Which requests meet the bound on the metric `name`, given its `values_ms`; shape (requests,)."""
    exempt = BY_NAME[name].exempt
    good = values_ms <= bound_ms
    return good if exempt is None else good | exempt(requests)
