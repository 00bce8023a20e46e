"""Charts of latencies by the place of a turn in its session, and by the share of the prompt that was cached."""

from __future__ import annotations

from typing import Any

import numpy as np

from aisbench.report.charts.chart import Table
from aisbench.report.charts.figure import Figure, Row, Trace, line, piled, titled
from aisbench.report.charts.source import RunSource

_PERCENTILES = (("p50", "decode", "solid"), ("p90", "doubtful", "dash"), ("p99", "ttft", "dot"))


def by_turn(source: RunSource) -> dict[str, Figure]:
    """TTFT, TPOT, prompt tokens and cached share by turn; {} if no session got beyond its first."""
    found = (source.summary["sessions"] or {}).get("by_turn") or []
    if len(found) < 2:
        return {}
    names = [turn_name(one) for one in found]

    def row(title: str, *curves: tuple[str, str, str, str], scale: float = 1.0) -> list[Row]:
        traces = [
            _marked(name, names, [_scaled(one.get(key), scale) for one in found], tint, dash)
            for name, key, tint, dash in curves
        ]
        measured = [trace for trace in traces if not np.isnan(trace["y"]).all()]
        return [Row(measured, titled(title))] if measured else []

    rows = [
        *row("TTFT, ms", *((f"TTFT {p}", f"{p}_ttft_ms", tint, dash) for p, tint, dash in _PERCENTILES)),
        *row("TPOT, ms", *((f"TPOT {p}", f"{p}_tpot_ms", tint, dash) for p, tint, dash in _PERCENTILES)),
        *row("prompt tokens", ("prompt tokens, mean", "prompt_tokens", "wait", "solid")),
        *row("cached, %", ("cached, %", "cached_share", "valid", "solid"), scale=100.0),
    ]
    return {"": piled(rows, titled("turn", type="category"), showlegend=True)}


def by_turn_tables(source: RunSource) -> dict[str, Table]:
    """The columns of turns.csv."""
    return _table("turns", (source.summary["sessions"] or {}).get("by_turn") or [])


def by_cached_share(source: RunSource) -> dict[str, Figure]:
    """TTFT, TTFT per 1,000 uncached tokens and the number of requests; {} if all were cached to about the same share."""
    found = source.summary["ttft_by_cached_share"] or []
    if sum(one["requests"] > 0 for one in found) < 2:
        return {}
    names = [share_name(one) for one in found]

    def curve(name: str, key: str, tint: str, dash: str = "solid") -> Trace:
        return _marked(name, names, [_scaled(one[key]) for one in found], tint, dash)

    rows = [
        Row(
            [curve(f"TTFT {p}", f"{p}_ttft_ms", tint, dash) for p, tint, dash in _PERCENTILES],
            titled("TTFT, ms"),
            2.0,
        ),
        Row(
            [curve("TTFT per 1,000 uncached tokens", "ttft_ms_per_1000_uncached", "failed")],
            titled("ms per 1,000"),
        ),
        Row([curve("requests", "requests", "wait")], titled("requests")),
    ]
    axis = titled("cached share of the prompt, %", type="category")
    return {"": piled(rows, axis, showlegend=True)}


def by_cached_share_tables(source: RunSource) -> dict[str, Table]:
    return _table("cached-share", source.summary["ttft_by_cached_share"] or [])


def turn_name(one: dict[str, Any]) -> str:
    """A turn's number, or a range such as 21–30."""
    first, last = one["from_turn"], one["to_turn"]
    return f"{first}" if first == last else f"{first}–{last}"


def share_name(one: dict[str, Any]) -> str:
    """A bin of cached shares, such as 0 or 10–20."""
    if one["to_share"] == 0:
        return "0"
    return f"{100 * one['from_share']:.0f}–{100 * one['to_share']:.0f}"


def _scaled(value: float | None, scale: float = 1.0) -> float:
    return np.nan if value is None else scale * value


def _marked(name: str, x: list[str], y: list[float], tint: str, dash: str) -> Trace:
    return line(
        name, x, np.array(y, float), tint, line={"dash": dash}, mode="lines+markers",
        marker={"size": 5, "color": tint}, hovertemplate="%{y:,.4~g}", connectgaps=False,
    )  # fmt: skip


def _table(name: str, found: list[dict[str, Any]]) -> dict[str, Table]:
    columns = list(dict.fromkeys(key for one in found for key in one))
    return {name: Table(columns, [[[one.get(key) for one in found] for key in columns]])} if found else {}
