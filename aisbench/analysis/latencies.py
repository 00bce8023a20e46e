"""Per-request latencies of the succeeded requests, from the send and from the plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.records import Run
from aisbench.analysis.tokens import TokenCounts


@dataclass(frozen=True)
class Latencies:
    """All arrays in ms. `ttft`, `e2el` and `tpot_or_zero` have one entry per succeeded request.

    TTFT = first token - send; E2EL = last token - send; TPOT = (E2EL - TTFT) / (output tokens - 1) for
    requests with more than one output token (`tpot` holds only those). The `*_from_plan` ones count from
    the intended time and are None in closed loop, where there is none.
    """

    ttft: NDArray[np.float64]
    e2el: NDArray[np.float64]
    tpot: NDArray[np.float64]
    tpot_or_zero: NDArray[np.float64]
    ttft_from_plan: NDArray[np.float64] | None
    e2el_from_plan: NDArray[np.float64] | None

    @staticmethod
    def of(run: Run, tokens: TokenCounts, origin: str = "sent_ns") -> Latencies:
        """`origin`: the row's field to count from."""
        ok = run.has_status("ok")
        rows, output = run.selected(ok), tokens.output[ok]
        ttft = (rows["first_token_ns"] - rows[origin]) / 1e6
        e2el = (rows["last_token_ns"] - rows[origin]) / 1e6
        several = output > 1
        tpot = (e2el - ttft)[several] / (output[several] - 1)
        tpot_or_zero = np.zeros(len(rows))
        tpot_or_zero[several] = tpot
        late = (rows[origin] - rows["planned_ns"]) / 1e6 if run.is_open_loop else None
        return Latencies(
            ttft=ttft,
            e2el=e2el,
            tpot=tpot,
            tpot_or_zero=tpot_or_zero,
            ttft_from_plan=None if late is None else ttft + late,
            e2el_from_plan=None if late is None else e2el + late,
        )

    def meeting(self, bounds_ms: dict[str, float]) -> int:
        """How many requests meet every bound of {"ttft" | "tpot" | "e2el": ms}, as vLLM's goodput.

        A request with one output token has TPOT 0 there.
        """
        good = np.ones(len(self.ttft), np.bool_)
        for name, values in (("ttft", self.ttft), ("tpot", self.tpot_or_zero), ("e2el", self.e2el)):
            if name in bounds_ms:
                good &= values <= bounds_ms[name]
        return int(good.sum())
