"""The request timeline: a line for each request in the order of the plan, with a colour for each phase."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import STATUSES
from aisbench.records.failure_kinds import error_kind
from aisbench.records.run import Run
from aisbench.report.charts.figure import TIME_MARGIN, Figure, line, times, titled
from aisbench.report.charts.source import RunSource

# A page holds at most this many requests (50 bytes each). Larger runs are thinned evenly by slot, but keep up to
# TIMELINE_SPECIAL of the slowest by each measure and of the failed. The page draws fewer of them at a time.
TIMELINE_MOST = 100_000
TIMELINE_SPECIAL = 1000
# As many requests as a printed timeline can show.
_DRAWN_MOST = 4000
# Width of a line in px, at least and at most, and the height that the lines of a few requests share.
_LINE_PX, _ROOM_PX = (1.2, 14.0), 300
# The legend's names of the phases and their colours, in the order in which timeline.js fills them.
_PHASES = (
    ("planned to sent", "wait"),
    ("TTFT", "ttft"),
    ("decode", "decode"),
    ("failed or cut off", "failed"),
)


def timeline(source: RunSource) -> dict[str, Figure]:
    """The empty timeline for a page, whose script fills in the requests in view."""
    nothing = np.empty(0)
    return {"": _figure(source, [(nothing, nothing)] * len(_PHASES))}


def whole_timeline(source: RunSource) -> dict[str, Figure]:
    """The timeline of an even selection of requests, which includes the slowest and some of the failed."""
    run = source.run
    shown = chosen(run, _DRAWN_MOST, _DRAWN_MOST // 20)
    found = _columns(run, shown)
    sent, ok = found["sent"], run.has_status("ok")[shown]
    firsts = sent + found["ttft"] / 1e3
    lasts = firsts + found["decode"] / 1e3
    ends = sent + found["until_done"] / 1e3
    # Requests that were cut off are drawn to the end of the run.
    ends[~ok & np.isnan(ends)] = source.duration_s
    waits = np.where(run.is_open_loop, sent - found["wait"] / 1e3, np.nan)
    parts = [
        _segments(begin, end, found["slot"], among)
        for begin, end, among in (
            (waits, sent, np.ones_like(ok)), (sent, firsts, ok), (firsts, lasts, ok), (sent, ends, ~ok),
        )
    ]  # fmt: skip
    figure = _figure(source, parts, len(shown))
    if not run.streams:
        figure["data"][1]["name"] = "E2EL"
    return {"": figure}


def _segments(
    begin: NDArray[Any], end: NDArray[Any], slot: NDArray[Any], among: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """x and y of one path that is a separate line from `begin` to `end` at each `slot`, for rows in `among`."""
    kept = among & (end >= begin)
    x = np.full(3 * np.count_nonzero(kept), np.nan)
    x[0::3], x[1::3] = begin[kept], end[kept]
    return x, np.repeat(slot[kept].astype(float), 3)


def _figure(source: RunSource, parts: list[tuple[NDArray[Any], NDArray[Any]]], drawn: int = 1) -> Figure:
    """`parts`: x and y of each phase; `drawn`: the number of requests in them."""
    rows = source.run.rows
    last_slot = int(rows[-1]["slot"]) if len(rows) else 0
    width = min(_LINE_PX[1], max(_LINE_PX[0], _ROOM_PX / max(drawn, 1)))
    traces = [
        line(name, x, y, tint, line={"width": width, "simplify": False}, hoverinfo="skip")
        for (name, tint), (x, y) in zip(_PHASES, parts, strict=True)
    ]
    layout = {
        "margin": {**TIME_MARGIN, "t": 30},
        "hovermode": False,
        "showlegend": False,
        "xaxis": times(source.duration_s),
        "yaxis": titled(
            "request", range=[last_slot + 0.5, -0.5], zeroline=False, tickformat=",d", automargin=False
        ),
    }
    return {"data": traces, "layout": layout}


def _columns(run: Run, rows: NDArray[np.int64]) -> dict[str, Any]:
    """The requests `rows` as columns: `sent` in s since the start, spans in ms, NaN for phases that were not reached.

    `total`: the number of requests in the run. `error`: an index into `errors`, the kinds of failure; 0 for none.
    """
    shown = run.rows[rows]
    sent = shown["sent_ns"]
    # Answers that were not streamed have no first token. All of their time is drawn as waiting for the end.
    has_token = (shown["first_token_ns"] > 0) & (sent > 0)

    def span(
        from_ns: NDArray[np.int64], to_ns: NDArray[np.int64], known: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        return np.where(known, (to_ns - from_ns) / 1e6, np.nan).astype("f4")

    return {
        "total": len(run.rows),
        # A closed loop plans no times, so there is no wait to draw.
        "has_plan": run.is_open_loop,
        "slot": shown["slot"].astype("i4"),
        "sent": np.where(sent > 0, (sent - run.start_ns) / 1e9, np.nan),
        "wait": span(shown["planned_ns"], sent, (sent > 0) & run.is_open_loop),
        "ttft": span(sent, shown["first_token_ns"], has_token),
        "decode": span(shown["first_token_ns"], shown["last_token_ns"], has_token),
        "until_done": span(sent, shown["done_ns"], (shown["done_ns"] > 0) & (sent > 0)),
        "prompt_tokens": shown["prompt_tokens"].astype("i4"),
        "output_tokens": shown["output_tokens"].astype("i4"),
        "status": shown["status"].copy(),
        "statuses": STATUSES,
        **_kinds(shown),
    }


def page_columns(run: Run) -> dict[str, Any]:
    """The columns of the requests that a page holds."""
    return _columns(run, chosen(run, TIMELINE_MOST, TIMELINE_SPECIAL))


def _kinds(rows: NDArray[np.void]) -> dict[str, Any]:
    """`errors`: the kinds of failure, the first of which is none; `error`: for each row an index into them."""
    both = rows["error"].astype(np.int64) << 32 | np.where(rows["error"] > 0, rows["http_status"], 0)
    codes, index = np.unique(np.append(both, 0), return_inverse=True)
    names = [error_kind(int(code) >> 32, int(code) & 0xFFFFFFFF) for code in codes]
    return {"errors": names, "error": index[:-1].astype("u1")}


def chosen(run: Run, most: int, special: int) -> NDArray[np.int64]:
    """Indexes of at most `most` rows: evenly by slot, with up to `special` of the slowest by each measure and of the failed."""
    rows = run.rows
    if len(rows) <= most:
        return np.arange(len(rows))
    ok = np.flatnonzero(run.has_status("ok"))
    failed = np.flatnonzero(run.has_status("failed"))
    kept = [failed[np.linspace(0, len(failed) - 1, min(len(failed), special)).astype(np.int64)]]
    for end in ("first_token_ns", "last_token_ns"):
        spans = rows[end][ok] - rows["sent_ns"][ok]
        few = min(special, len(spans))
        if few:
            kept.append(ok[np.argpartition(spans, len(spans) - few)[len(spans) - few :]])
    found = np.unique(np.concatenate(kept))
    even = np.linspace(0, len(rows) - 1, most - len(found)).astype(np.int64)
    return np.unique(np.concatenate([even, found]))
