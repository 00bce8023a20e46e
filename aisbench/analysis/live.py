"""The state of a run while it goes on, read from what its workers have mapped."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisbench._native.recorder import ERRORS
from aisbench.analysis.finished import Finished
from aisbench.analysis.histograms import Histogram
from aisbench.analysis.records import ROWS_NAME, read_histograms
from aisbench.analysis.snapshot import Snapshot


class LiveReader:
    """Makes snapshots of the run in `records`; rates are those since the snapshot before."""

    def __init__(
        self,
        records: Path,
        *,
        start_ns: int,
        planned: int | None,
        asked_rate: float | None,
        limit: int | None,
        duration_s: float | None,
    ) -> None:
        self.records = records
        self.start_ns = start_ns
        self.planned = planned
        self.asked_rate = asked_rate
        self.limit = limit
        self.duration_s = duration_s
        self.before = (start_ns, 0, 0)
        self.histograms_before = dict.fromkeys(("ttft", "itl"), Histogram.empty())
        self.finished = Finished()

    def snapshot(self, live: NDArray[np.void]) -> Snapshot:
        """From the workers' live counters, shape (workers,), and their histograms."""
        now_ns = time.monotonic_ns()
        total = {
            name: int(live[name].sum()) for name in ("sent", "ok", "failed", "token_events", "in_flight")
        }
        then_ns, sent_then, tokens_then = self.before
        passed_s = max(now_ns - then_ns, 1) / 1e9
        self.before = (now_ns, total["sent"], total["token_events"])
        histograms = read_histograms(sorted(self.records.glob("hist-*.bin")))
        ttft_ns = histograms["ttft"].percentiles_ns([50, 99])
        itl_ns = histograms["itl"].percentiles_ns([50, 99])
        rows = sorted(path for path in self.records.glob("rows-*.bin") if ROWS_NAME.match(path.name))
        histograms["e2el"] = self.finished.read(rows)
        e2el_ns = histograms["e2el"].percentiles_ns([50, 99])
        recent_ms = {name: self.recent_ms(name, histograms[name]) for name in ("ttft", "itl")}
        errors = live["errors"].sum(axis=0)
        elapsed_s = max(0.0, (now_ns - self.start_ns) / 1e9)
        done = total["ok"] + total["failed"]
        return Snapshot(
            elapsed_s=elapsed_s,
            remaining_s=self.remaining_s(elapsed_s, total["sent"], done),
            asked_rate=self.asked_rate,
            achieved_rate=(total["sent"] - sent_then) / passed_s,
            in_flight=total["in_flight"],
            limit=self.limit,
            tokens_per_s=(total["token_events"] - tokens_then) / passed_s,
            sent=total["sent"],
            done=done,
            failed=total["failed"],
            planned=self.planned,
            ttft_p50_ms=ttft_ns[0] / 1e6,
            ttft_p99_ms=ttft_ns[1] / 1e6,
            itl_p50_ms=itl_ns[0] / 1e6,
            itl_p99_ms=itl_ns[1] / 1e6,
            e2el_p50_ms=e2el_ns[0] / 1e6,
            e2el_p99_ms=e2el_ns[1] / 1e6,
            ttft_recent_ms=recent_ms["ttft"],
            itl_recent_ms=recent_ms["itl"],
            token_events=total["token_events"],
            histograms=histograms,
            errors={kind: int(count) for kind, count in zip(ERRORS, errors, strict=False) if count},
        )

    def recent_ms(self, name: str, now: Histogram) -> float | None:
        """The mean since the snapshot before."""
        mean_ns = now.mean_since_ns(self.histograms_before[name])
        self.histograms_before[name] = now
        return None if mean_ns is None else mean_ns / 1e6

    def remaining_s(self, elapsed_s: float, sent: int, done: int) -> float | None:
        """Until the end of sending by the clock, or at the pace so far; None while that is unknown."""
        if self.duration_s is not None:
            return max(0.0, self.duration_s - elapsed_s)
        if self.planned is None:
            return None
        if self.asked_rate is not None and sent < self.planned:
            return (self.planned - sent) / self.asked_rate
        return (self.planned - done) * elapsed_s / done if done else None
