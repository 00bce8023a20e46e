"""The charts of a workload: rates over time, lengths, turns, pauses, and hits by the size of a prefix cache."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aisbench.report.charts.chart import Chart, Table
from aisbench.report.charts.figure import Figure, Row, Trace, line, log_ticks, piled, times, titled
from aisbench.report.workload.measure import ByTurn, CacheHits, by_turn, cache_hits, curve, rate
from aisbench.workload.sessions.contents import Contents


@dataclass(frozen=True)
class Source:
    """A workload, and what several charts draw of it."""

    contents: Contents

    @cached_property
    def by_turn(self) -> ByTurn:
        return by_turn(self.contents)

    @cached_property
    def hits(self) -> CacheHits | None:
        return cache_hits(self.contents)

    @cached_property
    def begins_ns(self) -> NDArray[np.int64] | None:
        """When sessions begin, ascending; None without times, or if all begin at once."""
        arrivals = self.contents.prompts.arrivals_ns
        if arrivals is None:
            return None
        begins = np.sort(arrivals[self.contents.first[:-1]])
        return begins if begins[-1] > begins[0] else None

    @cached_property
    def turn_times_ns(self) -> NDArray[np.int64] | None:
        """When all turns are due at the earliest, ascending; None if later turns have no times."""
        talks, begins = self.contents.prompts.conversations, self.begins_ns
        if talks is None or talks.not_before_ns is None or begins is None:
            return None
        arrivals = self.contents.prompts.arrivals_ns
        assert arrivals is not None
        starts = np.repeat(arrivals[self.contents.first[:-1]], np.diff(self.contents.first))
        return np.sort(starts + talks.not_before_ns)


def _rates(source: Source) -> dict[str, Figure]:
    begins, turns = source.begins_ns, source.turn_times_ns
    if begins is None:
        return {}
    has_turns = len(source.contents.first) - 1 < source.contents.count
    curves = [("sessions begun" if has_turns else "requests", begins, "decode")]
    if turns is not None and has_turns:
        curves.insert(0, ("requests", turns, "wait"))
    traces: list[Trace] = []
    for name, at_ns, tint in curves:
        edges, found = rate(at_ns)
        hover = "%{y:.4~g}/s"
        traces.append(
            line(name, edges, np.append(found, found[-1]), tint, line={"shape": "hv"}, hovertemplate=hover)
        )
    end = float(max(trace["x"][-1] for trace in traces))
    layout = {
        "xaxis": times(end, "seconds since the first"),
        "yaxis": titled("per second", rangemode="tozero"),
        "hovermode": "x unified",
        "showlegend": True,
    }
    return {"": {"data": traces, "layout": layout}}


def _lengths(source: Source) -> dict[str, Figure]:
    found = source.contents
    planned = found.output_tokens[found.output_tokens >= 0]
    parts = [("prompt tokens", found.prompt_tokens, "decode"), ("output tokens", planned, "ttft")]
    return _distribution(
        [(name, np.maximum(values, 1), tint) for name, values, tint in parts if len(values)], "tokens"
    )


def _turns(source: Source) -> dict[str, Figure]:
    turns = np.diff(source.contents.first)
    if turns.max() < 2:
        return {}
    return _distribution([("turns per session", turns, "decode")], "turns")


def _pauses(source: Source) -> dict[str, Figure]:
    talks = source.contents.prompts.conversations
    if talks is None:
        return {}
    pauses = talks.think_ns[talks.think_ns > 0] / 1e9
    return _distribution([("pauses above 0", pauses, "decode")], "seconds") if len(pauses) else {}


def _distribution(parts: list[tuple[str, NDArray[np.number], str]], unit: str) -> dict[str, Figure]:
    """Shares of values up to each one, over a logarithmic axis."""
    traces = []
    for name, values, tint in parts:
        x, share = curve(values)
        traces.append(
            line(
                name, x, share, tint, line={"shape": "hv"}, hovertemplate="%{y:.1f} % have at most %{x:,.4~g}"
            )
        )
    low = min(float(trace["x"][0]) for trace in traces)
    high = max(float(trace["x"][-1]) for trace in traces)
    ends = [float(np.log10(low)) - 0.02, float(np.log10(max(high, 1.2 * low))) + 0.02]
    layout = {
        "xaxis": titled(unit, range=ends, **log_ticks(low, max(high, 1.2 * low))),
        "yaxis": titled("% of them", range=[0, 102]),
        "hovermode": "closest",
        "showlegend": True,
    }
    return {"": {"data": traces, "layout": layout}}


def _by_turn(source: Source) -> dict[str, Figure]:
    found = source.by_turn
    if len(found.requests) < 2:
        return {}
    turn = np.arange(1, len(found.requests) + 1)

    def row(title: str, y: NDArray[np.number], tint: str) -> Row:
        trace = line(
            title, turn, np.asarray(y, float), tint, mode="lines+markers", marker={"size": 4, "color": tint},
            hovertemplate="%{y:,.4~g}",
        )  # fmt: skip
        return Row([trace], titled(title))

    rows = [
        row("requests", found.requests, "wait"),
        row("prompt tokens", found.prompt_tokens, "decode"),
        row("output tokens", found.output_tokens, "ttft"),
        row("repeated, %", 100 * found.repeated, "valid"),
    ]
    return {"": piled(rows, titled("turn"), showlegend=False)}


def _by_turn_tables(source: Source) -> dict[str, Table]:
    found = source.by_turn
    head = ("turn", "requests", "mean_prompt_tokens", "mean_output_tokens", "repeated_share")
    turn = np.arange(1, len(found.requests) + 1)
    columns = [turn, found.requests, found.prompt_tokens, found.output_tokens, found.repeated]
    return {"by-turn": Table(head, [columns])}


def _hits(source: Source) -> dict[str, Figure]:
    found = source.hits
    if found is None:
        return {}
    sizes = np.array(found.tokens, float)
    level = np.full(len(sizes), 100 * found.endless)
    traces = [
        line("endless cache", sizes, level, "wait", line={"dash": "dash"}, hovertemplate="%{y:.2f} %"),
        line(
            "cache of this size (LRU)", sizes, 100 * np.array(found.shares), "valid", mode="lines+markers",
            marker={"size": 6, "color": "valid"}, hovertemplate="%{y:.2f} %",
        ),
    ]  # fmt: skip
    layout = {
        "xaxis": titled(
            "tokens that the cache holds", hoverformat=",", **log_ticks(sizes[0], max(sizes[-1], 1.2 * sizes[0]))
        ),
        "yaxis": titled("hits, % of the prompt tokens", rangemode="tozero"),
        "hovermode": "x unified",
        "showlegend": True,
    }  # fmt: skip
    return {"": {"data": traces, "layout": layout}}


def _hits_tables(source: Source) -> dict[str, Table]:
    found = source.hits
    if found is None:
        return {}
    return {"hits": Table(("cache_tokens", "hit_share"), [[found.tokens, found.shares], ["", found.endless]])}


CHARTS: tuple[Chart[Source], ...] = (
    Chart(
        name="rates",
        title="Over time",
        build=_rates,
        hint="What the file's times ask for, before --speedup: sessions begun per second and, if later turns have times, too, "
        "requests per second.",
    ),
    Chart(
        name="lengths",
        title="Lengths",
        build=_lengths,
        hint="The share of requests whose prompts and planned answers have at most so many tokens. The axis is logarithmic.",
    ),
    Chart(
        name="turns",
        title="Turns per session",
        build=_turns,
        hint="The share of sessions with at most so many turns.",
    ),
    Chart(
        name="pauses",
        title="Pauses",
        build=_pauses,
        hint="The share of the pauses before later turns, of users and tools, that are at most so long; without those of 0 s.",
    ),
    Chart(
        name="by-turn",
        title="By turn",
        build=_by_turn,
        tables=_by_turn_tables,
        tall=True,
        hint="Requests, mean lengths, and the share of the prompts that repeats the beginning of an earlier one, by the place of "
        "a turn in its session; the 50th includes all later ones.",
    ),
    Chart(
        name="hits",
        title="Hits by cache size",
        build=_hits,
        tables=_hits_tables,
        hint="What a prefix cache could serve, if each prompt was complete before the next one came. It drops what was used "
        "least recently. Prompts come in the order of their times, or of the file if they have none: sessions that run side by "
        "side need a larger cache.",
    ),
)
