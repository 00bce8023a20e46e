"""Sessions as swim lanes: a lane for each agent, with its turns and pauses over time, sub-agents below their parents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.charts.chart import Table
from aisbench.report.charts.figure import TIME_MARGIN, Figure, Trace, times, titled
from aisbench.report.charts.source import RunSource

Floats = NDArray[np.float64]

# Lanes thinner than this cannot be told apart, and more bars than this take seconds to draw.
_MOST_LANES = 60
_MOST_TURNS = 2000
_BAR_SHARE = 0.78


def lanes_of(after: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """The lane of each turn of a session, and of each lane how deep it is below the session's first, both from 0.

    `after`: for each turn, the turns that it comes after; they stand before it. A lane goes on with the last of the turns
    that come after its end: it is the one that waits for the others, if any does. The others begin lanes of their own.
    Lanes are numbered so that each follows its parent, or the sub-agents of its parent that began before.
    """
    last_follower: dict[int, int] = {}
    for turn, before in enumerate(after):
        for one in before:
            last_follower[one] = turn
    lane, parent = [0] * len(after), [-1]
    for turn, before in enumerate(after):
        goes_on = [one for one in before if last_follower[one] == turn]
        if turn == 0:
            continue
        if goes_on:
            lane[turn] = min(lane[one] for one in goes_on)
        else:
            lane[turn] = len(parent)
            parent.append(lane[before[-1]] if before else 0)
    children: dict[int, list[int]] = {}
    for one, above in enumerate(parent[1:], 1):
        children.setdefault(above, []).append(one)
    order: list[int] = []
    depth = [0] * len(parent)
    open_ = [0]
    while open_:
        one = open_.pop()
        order.append(one)
        for child in reversed(children.get(one, [])):
            depth[child] = depth[one] + 1
            open_.append(child)
    place = {one: at for at, one in enumerate(order)}
    return [place[one] for one in lane], [depth[one] for one in order]


@dataclass(frozen=True)
class Lanes:
    """The turns of the first `shown` of `sessions`, each by its row in the run, and the lanes in which they are drawn.

    `rows` and `lane` have shape (turns,), sorted by lane and then by time; `lane` counts from 0 at the top. `names` has the
    session and depth of each lane.
    """

    rows: NDArray[np.int64]
    lane: NDArray[np.int64]
    names: list[tuple[int, int]]
    shown: int
    sessions: int

    @staticmethod
    def of(measured: Measured) -> Lanes | None:
        """None without sessions."""
        run, found = measured.run, measured.sessions
        if found is None:
            return None
        conversation, turn = run.rows["conversation"], run.rows["turn"]
        first = np.argsort(found.begin_ns, kind="stable")[:_MOST_LANES]
        among = np.flatnonzero(np.isin(conversation, found.number[first]))
        by_session: dict[int, list[int]] = {}
        for row in among.tolist():
            by_session.setdefault(int(conversation[row]), []).append(row)
        rows: list[int] = []
        lane: list[int] = []
        names: list[tuple[int, int]] = []
        shown = 0
        for number in found.number[first].tolist():
            mine = by_session[number]
            of_turn, depths = _lanes_of_session(measured, number, [int(turn[row]) for row in mine])
            full = len(names) + len(depths) > _MOST_LANES or len(rows) + len(mine) > _MOST_TURNS
            if full and shown:
                break
            rows += mine
            lane += [len(names) + of_turn[int(turn[row])] for row in mine]
            names += [(number, depth) for depth in depths]
            shown += 1
        chosen, places = np.array(rows, np.int64), np.array(lane, np.int64)
        order = np.lexsort((run.rows["sent_ns"][chosen], places))
        return Lanes(chosen[order], places[order], names, shown, len(found))


def _lanes_of_session(
    measured: Measured, number: int, turns: Sequence[int]
) -> tuple[dict[int, int], list[int]]:
    """The lane of each of `turns`, and the depths of all lanes. Without a plan, all of them are in one lane."""
    plan = measured.run.turn_plan
    if plan is None:
        return dict.fromkeys(turns, 0), [0]
    lane, depths = lanes_of(plan.after_turns(number))
    # Lanes that nothing was sent in are left out.
    used = sorted({lane[turn] for turn in turns})
    place = {one: at for at, one in enumerate(used)}
    return {turn: place[lane[turn]] for turn in turns}, [depths[one] for one in used]


def lanes(source: RunSource) -> dict[str, Figure]:
    """A bar for each wait for a first token, decoding, and pause; {} without sessions."""
    found = Lanes.of(source.measured)
    if found is None:
        return {}
    run = source.run
    at = _moments(run, found.rows)
    ok = source.measured.ok[found.rows]
    # One that was cut off is drawn to the end of the run.
    done = np.where(np.isnan(at["done"]), source.duration_s, at["done"])
    sent = np.where(np.isnan(at["sent"]), done, at["sent"])
    end = np.where(ok, at["last_token"], done)
    first = np.where(ok & run.streams, at["first_token"], end)
    texts = _texts(source.measured, found, sent, first, end)
    follows = np.flatnonzero(np.diff(found.lane) == 0) + 1
    pauses = follows[sent[follows] > end[follows - 1]]
    begin, until = end[pauses - 1], sent[pauses]
    due = np.clip(at["planned"][pauses], begin, until)
    waits = [
        f"pause of {now - then:,.3f} s, the last {now - when:,.3f} s of it after the turn was due"
        for then, when, now in zip(begin.tolist(), due.tolist(), until.tolist(), strict=True)
    ]
    good, bad = np.flatnonzero(ok), np.flatnonzero(~ok)
    waiting = "to first token" if run.streams else "to whole answer"
    traces = [
        _bars("pause", begin, until, found.lane[pauses], "wait 0.4", waits),
        _bars(waiting, sent[good], first[good], found.lane[good], "ttft", [texts[i] for i in good]),
        _bars("decode", first[good], end[good], found.lane[good], "decode", [texts[i] for i in good]),
        _bars("failed or cut off", sent[bad], end[bad], found.lane[bad], "failed", [texts[i] for i in bad]),
    ]
    drawn = [trace for trace in traces if trace["x"].any()]
    return {"": {"data": drawn, "layout": _layout(found, float(end.max()))}}


def lanes_tables(source: RunSource) -> dict[str, Table]:
    """One line for each turn that is drawn."""
    found = Lanes.of(source.measured)
    if found is None:
        return {}
    rows, at = source.run.rows, _moments(source.run, found.rows)
    head = ("session", "turn", "lane", *(f"{name}_s" for name in at))
    which = [rows["conversation"][found.rows], rows["turn"][found.rows] + 1, found.lane]
    return {"sessions": Table(head, [[*which, *at.values()]])}


def _moments(run: Run, rows: NDArray[np.int64]) -> dict[str, Floats]:
    """The times of the turns `rows`, in s since the start; nan for moments that were not reached."""
    found = {}
    for name in ("planned", "sent", "first_token", "last_token", "done"):
        moments = run.rows[f"{name}_ns"][rows]
        found[name] = np.where(moments > 0, (moments - run.start_ns) / 1e9, np.nan)
    return found


def _texts(measured: Measured, found: Lanes, sent: Floats, first: Floats, end: Floats) -> list[str]:
    """What a turn's bars say when they are pointed at."""
    rows, tokens, streams = measured.run.rows, measured.tokens, measured.run.streams
    columns = (
        rows["conversation"][found.rows], rows["turn"][found.rows], measured.ok[found.rows], sent, first, end,
        tokens.prompt[found.rows], rows["cached_tokens"][found.rows], tokens.output[found.rows],
    )  # fmt: skip
    texts = []
    for session, turn, ok, begin, token, last, prompt, cached, output in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        told = [f"session {session}, turn {turn + 1}, sent at {begin:,.3f} s"]
        if not ok:
            told.append(f"failed or cut off after {last - begin:,.3f} s")
        else:
            parts = [f"TTFT {1e3 * (token - begin):,.1f} ms, decode {1e3 * (last - token):,.1f} ms"]
            told += parts if streams else [f"E2EL {1e3 * (last - begin):,.1f} ms"]
            known = f", {cached:,} of them cached" if cached >= 0 else ""
            told.append(f"prompt {prompt:,} tokens{known}; answer {output:,} tokens")
        texts.append("<br>".join(told))
    return texts


def _bars(
    name: str, begin: Floats, end: Floats, lane: NDArray[np.int64], tint: str, texts: list[str]
) -> Trace:
    return {
        "type": "bar", "orientation": "h", "name": name, "base": begin, "x": np.maximum(end - begin, 0), "y": lane,
        "width": _BAR_SHARE, "marker": {"color": tint, "line": {"width": 0}},
        "text": texts, "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _layout(found: Lanes, end_s: float) -> dict[str, Any]:
    return {
        "margin": TIME_MARGIN,
        "barmode": "overlay",
        "hovermode": "closest",
        "showlegend": True,
        "xaxis": times(end_s),
        "yaxis": titled(
            "session", range=[len(found.names) - 0.5, -0.5], zeroline=False, showgrid=False, automargin=False,
            tickvals=list(range(len(found.names))),
            ticktext=[f"{number}" if not depth else "·" * depth for number, depth in found.names],
        ),
    }  # fmt: skip
