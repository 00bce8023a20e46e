"""The block `stable`: the part of a run in which the server was fully loaded, by two definitions.

AISBench's stage lasts from the first send after the number in flight reached its maximum to the last moment at that
maximum. Requests that start in it count.

The statistical stage is for load without a level to reach. It leaves out the warm-up, which MSER-5 finds in the number
of requests in flight and in the throughput (K. P. White, "An effective truncation heuristic for bias reduction in
simulation output", Simulation 69, 1997: batches of 5, cut where the standard error of the rest is smallest), and the
end, when the load only drains. Latencies are of the requests that start in it, but throughput is what comes out in it,
because requests that start at the beginning of a stage may end outside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.blocks.per_request import PerRequest, PerUser, per_request_block, per_user_block
from aisbench.analysis.contract.keys import Between, MeanInFlight, RequestRate, Requests, TokenRate, Tokens
from aisbench.analysis.contract.metric_keys import RequestMetricKey
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.measured import Measured
from aisbench.analysis.series import flow_within
from aisbench.analysis.statistics.figures import Figures
from aisbench.records.run import Run

# Number of equal stretches of time; five of them make a batch.
STRETCHES = 1000
_BATCH = 5
# What starts in a window is not what ends in it. According to AISBench's documentation, its throughput is reliable if
# the longest request takes less than this share of it.
_LONGEST_SHARE = 1 / 3
# If a level only rises, the third quarter's score is half of the second's, or more with noise.
_FAR_BETTER = 0.7


class NoStage(TypedDict):
    """There is no such stage."""

    window_ms: None
    reason: Annotated[str, "why there is none"]


class Stage(TypedDict):
    """A stage. Throughputs count what started in it (`aisbench`) or what came out in it (`statistical`)."""

    window_ms: Annotated[Between, "its beginning and end since the start"]
    reason: None
    long_enough: Annotated[
        bool,
        "whether the longest request takes less than a third of it, so that the throughput is reliable",
    ]
    started: Annotated[Requests, "that were sent in it"]
    completed: Annotated[Requests, "of these"]
    failed: Annotated[Requests, "of these"]
    in_flight_mean: MeanInFlight
    request_throughput: Annotated[RequestRate, "over the stage's length"]
    output_throughput: Annotated[TokenRate, "over the stage's length"]
    total_token_throughput: Annotated[TokenRate, "prompt and output tokens"]
    metrics: Annotated[dict[RequestMetricKey, Figures], "latencies in ms of what started in it"]
    total_input_tokens: Tokens
    total_output_tokens: Tokens
    per_request: PerRequest
    per_user: PerUser


class StableBlock(TypedDict):
    """The part of the run in which the server was fully loaded, by two definitions."""

    aisbench: Annotated[
        Stage | NoStage,
        "AISBench's: from the first send after in-flight reached its maximum to the last moment at that maximum",
    ]
    statistical: Annotated[Stage | NoStage, "from the end of the warm-up that MSER-5 finds to the last send"]


@dataclass(frozen=True)
class Window:
    """From `begin_ns` to `end_ns` since the start, or the reason why there is none."""

    begin_ns: int
    end_ns: int
    reason: str | None = None

    @staticmethod
    def none(reason: str) -> Window:
        return Window(0, 0, reason)


def at_maximum(run: Run, in_flight: InFlight) -> Window:
    """AISBench's stable stage."""
    # Almost in order, which the stable sort makes use of.
    sent = np.sort(run.rows["sent_ns"][run.rows["sent_ns"] > 0], kind="stable") - run.start_ns
    if len(sent) == 0:
        return Window.none("nothing was sent")
    # Of several changes at one instant, only the last is a level that was held.
    held = np.append(np.diff(in_flight.times_ns) > 0, True)
    times, counts = in_flight.times_ns[held], in_flight.counts[held]
    full = np.flatnonzero(counts == counts.max())
    after = sent[sent > times[full[0]]]
    left_at = times[full[-1] + 1] if full[-1] + 1 < len(times) else in_flight.end_ns
    if len(after) == 0 or after[0] >= left_at:
        return Window.none(
            "no request was sent between the first and the last moment at the maximum in flight"
        )
    return Window(int(after[0]), int(left_at))


def settled(run: Run, in_flight: InFlight) -> Window:
    """The statistical stage: from the later of MSER-5's cuts, in flight and throughput, to the last send."""
    sent = run.rows["sent_ns"][run.rows["sent_ns"] > 0]
    last_ns = int(sent.max() - run.start_ns) if len(sent) else 0
    if last_ns < STRETCHES:
        return Window.none("nothing was sent, or everything at once")
    edges = np.linspace(0, last_ns, STRETCHES + 1)
    cuts = []
    for what, values in (
        ("number of requests in flight", in_flight.means(edges)),
        ("throughput", flow_within(run, edges) if run.streams else _ended_within(run, edges)),
    ):
        cut = mser5(values)
        if cut is None:
            return Window.none(f"the {what} did not settle within the first half of the run")
        cuts.append(cut)
    return Window(int(edges[max(cuts)]), last_ns)


def _ended_within(run: Run, edges_ns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Succeeded requests that ended between neighbouring edges."""
    done = run.rows["done_ns"][run.has_status("ok")] - run.start_ns
    return np.histogram(done, edges_ns)[0].astype(float)


def mser5(values: NDArray[np.float64]) -> int | None:
    """How many of `values` to cut off as warm-up, a multiple of 5; None if half of them are not enough.

    Half are not enough if a cut in the third quarter would be far better than the best in the first half. (The last
    quarter has few batches, which may look alike by chance.) With batch means y_1..y_m, the cut d minimises
    sum over i > d of (y_i - mean of those)^2 / (m - d)^2.
    """
    batches = values[: len(values) // _BATCH * _BATCH].reshape(-1, _BATCH).mean(axis=1)
    m = len(batches)
    # Sums over the batches after each cut, for all cuts at once.
    left = np.arange(m, 0, -1)
    sums = np.cumsum(batches[::-1])[::-1]
    squares = np.cumsum((batches**2)[::-1])[::-1]
    scores = np.maximum(squares - sums**2 / left, 0) / left.astype(float) ** 2
    if m == 0:
        return 0
    early, late = scores[: m // 2 + 1], scores[m // 2 + 1 : m * 3 // 4]
    best = int(np.argmin(early))
    if len(late) and late.min() < _FAR_BETTER * early[best]:
        return None
    return best * _BATCH


def stable_block(measured: Measured) -> StableBlock:
    """summary.json's `stable`: both stages and their figures."""
    return {
        "aisbench": figures(measured, at_maximum(measured.run, measured.in_flight)),
        "statistical": figures(measured, settled(measured.run, measured.in_flight), by_what_came_out=True),
    }


def figures(measured: Measured, window: Window, *, by_what_came_out: bool = False) -> Stage | NoStage:
    """Figures of the requests that start in `window`. With `by_what_came_out`, throughput is what came out."""
    if window.reason is not None:
        return {"window_ms": None, "reason": window.reason}
    run, tokens, ok = measured.run, measured.tokens, measured.ok
    sent = run.rows["sent_ns"] - run.start_ns
    inside = (run.rows["sent_ns"] > 0) & (sent >= window.begin_ns) & (sent <= window.end_ns)
    mine = inside[ok]
    seconds = (window.end_ns - window.begin_ns) / 1e9
    of_those = inside & ok
    if by_what_came_out:
        done = run.rows["done_ns"] - run.start_ns
        of_those = ok & (done >= window.begin_ns) & (done < window.end_ns)
    output = float(tokens.output[of_those].sum())
    if by_what_came_out and run.streams:
        edges = np.array([window.begin_ns, window.end_ns])
        output = float(flow_within(run, edges)[0]) * tokens.per_event(run)
    longest_ms = float(measured.latencies["e2el"].max(initial=0.0))
    return {
        "window_ms": [window.begin_ns / 1e6, window.end_ns / 1e6],
        "reason": None,
        "long_enough": longest_ms < _LONGEST_SHARE * seconds * 1e3,
        "started": int(inside.sum()),
        "completed": int(mine.sum()),
        "failed": int((inside & run.has_status("failed")).sum()),
        "in_flight_mean": measured.in_flight.mean_within(window.begin_ns, window.end_ns),
        "request_throughput": float(of_those.sum()) / seconds,
        "output_throughput": output / seconds,
        "total_token_throughput": (output + float(tokens.prompt[of_those].sum())) / seconds,
        "metrics": measured.figures_within(mine, measured.percents),
        "total_input_tokens": int(tokens.prompt[inside].sum()),
        "total_output_tokens": int(tokens.output[inside].sum()),
        "per_request": per_request_block(measured, mine),
        "per_user": per_user_block(measured, mine),
    }
