"""Reads the state of a running benchmark from the files that its workers map."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import ERRORS
from aisbench.live.finished import Finished
from aisbench.live.snapshot import Snapshot
from aisbench.records.histograms import Histogram
from aisbench.records.reading import ROWS_NAME, read_histograms

# Over less time, a rate depends on how the server's batches happened to fall. Two snapshots in quick succession, as at
# the end of a run, would show a spike.
_SHORTEST_RATE_S = 0.25


class LiveReader:
    """Makes snapshots of the run in `records`. Rates are measured since the previous snapshot, if it is old enough."""

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
        self.rates: tuple[float | None, float | None] = (None, None)
        self.histograms_before = dict.fromkeys(("ttft", "itl"), Histogram.empty())
        self.finished = Finished()

    def snapshot(self, live: NDArray[np.void]) -> Snapshot:
        """A snapshot from `live`, the workers' live counters of shape (workers,), and from their histograms and rows."""
        now_ns = time.monotonic_ns()
        total = {
            name: int(live[name].sum()) for name in ("sent", "ok", "failed", "token_events", "in_flight")
        }
        sent_rate, token_rate = self.rates_now(now_ns, total["sent"], total["token_events"])
        histograms = read_histograms(sorted(self.records.glob("hist-*.bin")))
        rows = sorted(path for path in self.records.glob("rows-*.bin") if ROWS_NAME.match(path.name))
        histograms["e2el"] = self.finished.read(rows)
        ttft, itl, e2el = (_p50_and_p99_ms(histograms[name]) for name in ("ttft", "itl", "e2el"))
        recent_ms = {name: self.recent_ms(name, histograms[name]) for name in ("ttft", "itl")}
        errors = live["errors"].sum(axis=0)
        elapsed_s = max(0.0, (now_ns - self.start_ns) / 1e9)
        done = total["ok"] + total["failed"]
        return Snapshot(
            elapsed_s=elapsed_s,
            remaining_s=self.remaining_s(elapsed_s, total["sent"], done),
            asked_rate=self.asked_rate,
            achieved_rate=sent_rate,
            in_flight=total["in_flight"],
            limit=self.limit,
            tokens_per_s=token_rate,
            sent=total["sent"],
            done=done,
            failed=total["failed"],
            planned=self.planned,
            ttft_p50_ms=ttft[0],
            ttft_p99_ms=ttft[1],
            itl_p50_ms=itl[0],
            itl_p99_ms=itl[1],
            e2el_p50_ms=e2el[0],
            e2el_p99_ms=e2el[1],
            ttft_recent_ms=recent_ms["ttft"],
            itl_recent_ms=recent_ms["itl"],
            token_events=total["token_events"],
            histograms=histograms,
            errors={kind: int(count) for kind, count in zip(ERRORS, errors, strict=False) if count},
        )

    def rates_now(self, now_ns: int, sent: int, tokens: int) -> tuple[float | None, float | None]:
        """Requests/s and tokens/s since the previous snapshot; the previous rates if it is younger than SHORTEST_RATE_S."""
        then_ns, sent_then, tokens_then = self.before
        passed_s = (now_ns - then_ns) / 1e9
        if passed_s >= _SHORTEST_RATE_S:
            self.before = (now_ns, sent, tokens)
            self.rates = ((sent - sent_then) / passed_s, (tokens - tokens_then) / passed_s)
        return self.rates

    def recent_ms(self, name: str, now: Histogram) -> float | None:
        """The mean of the latency `name` since the previous snapshot, ms; None if nothing arrived."""
        mean_ns = now.mean_since_ns(self.histograms_before[name])
        self.histograms_before[name] = now
        return None if mean_ns is None else mean_ns / 1e6

    def remaining_s(self, elapsed_s: float, sent: int, done: int) -> float | None:
        """Seconds to the end of sending, from the set duration or at the pace so far; None while unknown."""
        if self.duration_s is not None:
            return max(0.0, self.duration_s - elapsed_s)
        if self.planned is None:
            return None
        if self.asked_rate is not None and sent < self.planned:
            return (self.planned - sent) / self.asked_rate
        return (self.planned - done) * elapsed_s / done if done else None


def _p50_and_p99_ms(histogram: Histogram) -> tuple[float, float] | tuple[None, None]:
    if histogram.count == 0:
        return None, None
    p50, p99 = histogram.percentiles_ns([50, 99])
    return p50 / 1e6, p99 / 1e6
