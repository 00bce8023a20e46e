"""Per-request latencies of the succeeded requests, from the send and from the plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.tokens import TokenCounts
from aisbench.records.run import Run


@dataclass(frozen=True)
class Latencies:
    """All arrays in ms, with one entry per succeeded request.

    TTFT = first token - send; E2EL = last token - send; TPOT = (E2EL - TTFT) / (output tokens - 1), which
    is nan in `tpot_each` where it was not measured: of one output token, or of several (`several`) that all came
    at one moment. The `*_from_plan` ones count from the intended time and are None in closed loop, where
    there is none.
    """

    ttft: NDArray[np.float64]
    e2el: NDArray[np.float64]
    tpot_each: NDArray[np.float64]
    several: NDArray[np.bool_]
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
        late = (rows[origin] - rows["planned_ns"]) / 1e6 if run.is_open_loop else None
        return Latencies(
            ttft=ttft,
            e2el=e2el,
            tpot_each=tpots_ms(rows["first_token_ns"], rows["last_token_ns"], output),
            several=several,
            ttft_from_plan=None if late is None else ttft + late,
            e2el_from_plan=None if late is None else e2el + late,
        )

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which requests have a TPOT."""
        return ~np.isnan(self.tpot_each)

    @property
    def tpot(self) -> NDArray[np.float64]:
        """Of those requests alone."""
        return self.tpot_each[self.measured]

    @property
    def at_one_moment(self) -> int:
        """How many requests had several tokens, all of them at one moment."""
        return int(np.count_nonzero(self.several & ~self.measured))

    def meeting(self, bounds_ms: dict[str, float]) -> int:
        """How many requests meet every bound of {"ttft" | "tpot" | "e2el": ms}.

        As in vLLM's goodput, one output token has no second one to come late. Several tokens whose TPOT was
        not measured do not meet a bound on it.
        """
        good = np.ones(len(self.ttft), np.bool_)
        if "tpot" in bounds_ms:
            good &= ~self.several | (self.tpot_each <= bounds_ms["tpot"])
        for name, values in (("ttft", self.ttft), ("e2el", self.e2el)):
            if name in bounds_ms:
                good &= values <= bounds_ms[name]
        return int(good.sum())


def tpots_ms(
    first_ns: NDArray[np.int64], last_ns: NDArray[np.int64], output: NDArray[np.int64]
) -> NDArray[np.float64]:
    """TPOT of each request; nan where there was no second token, or none that came after the first."""
    measured = (output > 1) & (last_ns > first_ns)
    found = np.full(len(output), np.nan)
    found[measured] = (last_ns - first_ns)[measured] / 1e6 / (output[measured] - 1)
    return found
