"""The numbers behind the page's charts, small enough to be embedded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.recorder import STATUSES
from aisbench.analysis.heat import heats
from aisbench.analysis.histograms import Histogram
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.latencies import Latencies
from aisbench.analysis.records import Run
from aisbench.analysis.sending import Sending
from aisbench.analysis.series import (
    asked_rate_series,
    bin_ns,
    error_series,
    in_flight_series,
    lag_series,
    per_second,
    token_series,
)
from aisbench.analysis.tokens import TokenCounts
from aisbench.engine.kinds import error_kind
from aisbench.report.page_arrays import packed, packed_series
from aisbench.report.page_server import devices_data, server_data

# Requests that the page holds (50 bytes each); of more, an even choice by slot with so many of the
# slowest by each measure, and of the failed. The page draws fewer of them at a time.
TIMELINE_MOST = 100_000
TIMELINE_SPECIAL = 1000
# Points of a latency curve below p90 and in each power of ten above it.
CURVE_BODY = 90
CURVE_PER_DECADE = 60


def chart_data(run: Run, summary: dict[str, Any]) -> dict[str, Any]:
    """Everything that report.js draws. Times are seconds since the start, latencies ms."""
    in_flight = InFlight.of(run)
    sending = Sending.of(run, InFlight.held(run))
    width_ns = bin_ns(run.duration_ns)
    achieved = per_second(sending.sent_ns, run.duration_ns, width_ns)
    return {
        "bin_s": width_ns / 1e9,
        "duration_s": run.duration_ns / 1e9,
        "limit": run.limit,
        "streams": run.streams,
        "stable": stable_windows(summary),
        "in_flight": packed_series(in_flight_series(in_flight)),
        "asked_rate": packed_series(asked_rate_series(run, sending, width_ns)),
        "achieved_rate": packed_series(achieved),
        "tokens": packed_series(token_series(run, width_ns)),
        "errors": {kind: packed_series(series) for kind, series in error_series(run, width_ns).items()},
        "timeline": timeline(run),
        "curves": curves(run, summary),
        "heat": heat(run),
        "lag": lag(run, sending, width_ns),
        "delay": histogram_curve(run.histograms["client_delay"]),
        "server": server_data(run),
        "devices": devices_data(run),
        "slices": slices(summary["slices"]),
    }


def heat(run: Run) -> dict[str, Any]:
    """By latency the edges of the cells and the requests in them, a row of one latency after the other."""
    tokens = TokenCounts.of(run)
    return {
        name: {
            "t": packed(found.edges_s),
            "ms": packed(found.edges_ms),
            "counts": packed(found.counts.astype("i4").ravel()),
        }
        for name, found in heats(run, Latencies.of(run, tokens), tokens).items()
    }


def lag(run: Run, sending: Sending, width_ns: int) -> dict[str, Any] | None:
    found = lag_series(run, sending, width_ns)
    return found and {name: packed_series(series) for name, series in found.items()}


def slices(block: dict[str, Any] | None) -> dict[str, Any] | None:
    """The slices' figures as columns, None for what a slice did not have."""
    if block is None:
        return None
    rows = block["slices"]
    return {name: [row[name] for row in rows] for name in rows[0] if name != "errors"}


def stable_windows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """What is shaded: AISBench's stable stage in the lower half of the chart, the statistical one in the upper."""
    stages = (("aisbench", "valid", False), ("statistical", "doubtful", True))
    return [
        {"window_s": [ms / 1e3 for ms in summary["stable"][name]["window_ms"]], "tint": tint, "half": upper}
        for name, tint, upper in stages
        if summary["stable"][name]["window_ms"] is not None
    ]


def timeline(run: Run) -> dict[str, Any]:
    """Requests as columns: `sent` in seconds since the start, spans in ms, NaN for what was not reached.

    `total` says of how many these were chosen.
    """
    shown = run.rows[chosen(run)]
    sent = shown["sent_ns"]
    # Whole answers have no first token: all of their time is drawn as waiting for the end.
    has_token = (shown["first_token_ns"] > 0) & (sent > 0)

    def span(
        from_ns: NDArray[np.int64], to_ns: NDArray[np.int64], known: NDArray[np.bool_]
    ) -> dict[str, str]:
        return packed(np.where(known, (to_ns - from_ns) / 1e6, np.nan).astype("f4"))

    return {
        "total": len(run.rows),
        # In closed loop nothing was planned for a certain time, so there is no wait to draw.
        "has_plan": run.is_open_loop,
        "slot": packed(shown["slot"].astype("i4")),
        "sent": packed(np.where(sent > 0, (sent - run.start_ns) / 1e9, np.nan)),
        "wait": span(shown["planned_ns"], sent, (sent > 0) & run.is_open_loop),
        "ttft": span(sent, shown["first_token_ns"], has_token),
        "decode": span(shown["first_token_ns"], shown["last_token_ns"], has_token),
        "until_done": span(sent, shown["done_ns"], (shown["done_ns"] > 0) & (sent > 0)),
        "prompt_tokens": packed(shown["prompt_tokens"].astype("i4")),
        "output_tokens": packed(shown["output_tokens"].astype("i4")),
        "status": packed(shown["status"].copy()),
        "statuses": STATUSES,
        **kinds(shown),
    }


def kinds(rows: NDArray[np.void]) -> dict[str, Any]:
    """Per row the index of its kind of failure in `errors`, whose first is none."""
    both = rows["error"].astype(np.int64) << 32 | np.where(rows["error"] > 0, rows["http_status"], 0)
    codes, index = np.unique(np.append(both, 0), return_inverse=True)
    names = [error_kind(int(code) >> 32, int(code) & 0xFFFFFFFF) for code in codes]
    return {"errors": names, "error": packed(index[:-1].astype("u1"))}


def chosen(run: Run) -> NDArray[np.int64]:
    """Which rows the page holds: all, or evenly by slot plus the slowest and some that failed."""
    rows = run.rows
    if len(rows) <= TIMELINE_MOST:
        return np.arange(len(rows))
    ok = np.flatnonzero(run.has_status("ok"))
    failed = np.flatnonzero(run.has_status("failed"))
    kept = [failed[np.linspace(0, len(failed) - 1, min(len(failed), TIMELINE_SPECIAL)).astype(np.int64)]]
    for end in ("first_token_ns", "last_token_ns"):
        spans = rows[end][ok] - rows["sent_ns"][ok]
        kept.append(ok[np.argsort(-spans)[:TIMELINE_SPECIAL]])
    special = np.unique(np.concatenate(kept))
    even = np.linspace(0, len(rows) - 1, TIMELINE_MOST - len(special)).astype(np.int64)
    return np.unique(np.concatenate([even, special]))


def curve_fractions(count: int) -> NDArray[np.float64]:
    """Fractions from 0 up to (count - 1) / count, evenly below 0.9 and by decades of 1 - p above."""
    body = np.linspace(0, 0.9, CURVE_BODY, endpoint=False)
    decades = max(0.0, np.log10(max(count, 10)) - 1)
    tail = 1 - 10.0 ** -np.linspace(1, 1 + decades, max(2, int(CURVE_PER_DECADE * decades)))
    return np.concatenate([body, tail])


def curve(values_ms: NDArray[np.float64]) -> dict[str, Any] | None:
    if len(values_ms) == 0:
        return None
    fractions = curve_fractions(len(values_ms))
    return packed_curve(fractions, np.quantile(values_ms, fractions), float(values_ms.max()), len(values_ms))


def histogram_curve(histogram: Histogram) -> dict[str, Any] | None:
    if histogram.count == 0:
        return None
    fractions = curve_fractions(histogram.count)
    values = np.array(histogram.percentiles_ns((100 * fractions).tolist())) / 1e6
    return packed_curve(fractions, values, histogram.max_ns / 1e6, histogram.count)


def packed_curve(fractions: NDArray, values: NDArray, highest: float, count: int) -> dict[str, Any]:
    """The highest value of n stands at the fraction 1 - 1 / (2 n): it is beyond what n values resolve."""
    return {
        "fraction": packed(np.append(fractions, 1 - 0.5 / count)),
        "ms": packed(np.append(values, highest)),
        "count": count,
    }


def curves(run: Run, summary: dict[str, Any]) -> dict[str, Any]:
    """Latency by fraction of requests (ITL: of token gaps), None for what the run does not have."""
    latencies = Latencies.of(run, TokenCounts.of(run))
    planned = {"ttft_from_plan": latencies.ttft_from_plan, "e2el_from_plan": latencies.e2el_from_plan}
    if not run.streams:
        late = latencies.e2el_from_plan
        found = {"e2el": curve(latencies.e2el), "e2el_from_plan": None if late is None else curve(late)}
        return dict.fromkeys(("ttft", "tpot", "itl", "ttft_from_plan")) | found
    return {
        "ttft": curve(latencies.ttft),
        "e2el": curve(latencies.e2el),
        "tpot": curve(latencies.tpot),
        "itl": histogram_curve(run.histograms["itl"]),
        **{name: None if values is None else curve(values) for name, values in planned.items()},
    }
