"""The latency metrics, in one table that every report, page, plot, comparison and bound uses.

A new metric is one entry here. It is computed from the columns of `Requests`, all of shape (requests,).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Above this mean number of tokens per event, the gap between events is no longer the gap between tokens.
SEVERAL_TOKENS_FROM = 1.1


class Requests(Protocol):
    """Some requests of a run. `tokens` are their output tokens."""

    @property
    def tokens(self) -> NDArray[np.int64]: ...

    def column(self, name: str) -> NDArray[np.int64]:
        """A field of the rows (docs/records.md)."""
        ...

    def since_origin_ms(self, name: str) -> Floats:
        """Time in ms from the origin of latencies (by default the send) to the time in the field `name`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A latency in ms. `meaning` explains it in one or two sentences, for glossaries.

    `of` gives one value per request, nan if it was not measured. The figures of a `pooled` metric are those of all
    single gaps between tokens instead; a bound on it applies to the mean gap of each request. `spread`: a number per
    request by which its gaps are divided.
    `until`: the field with the time that the metric waits for; a request cut off before it counts as an endless wait.
    `exempt`: requests to which the metric does not apply, so that they meet every bound on it.
    `from_plan`: also counted from the request's planned time. `applies`: whether a run with these successful requests
    has the metric; None: always.
    `headline`: has a card on the page, and is in its charts and in narrow tables. The other metrics are in the files and
    in the table of percentiles. `chart`: the chart of curves that draws it. `colour`: its colour on the page.
    """

    name: str
    title: str
    long_title: str
    meaning: str
    of: Callable[[Requests], Floats]
    needs_stream: bool = True
    pooled: bool = False
    spread: Callable[[Requests], Floats] | None = None
    until: str | None = None
    exempt: Callable[[Requests], Any] | None = None
    from_plan: bool = False
    applies: Callable[[Requests], bool] | None = None
    headline: bool = True
    chart: str = "request"
    colour: str = "decode"

    @property
    def key(self) -> str:
        """Its name in summary.json, which includes the unit."""
        return f"{self.name}_ms"

    @property
    def plan_name(self) -> str:
        return f"{self.name}_from_plan"


def _mean_gaps_ms(span_ns: NDArray[np.int64], gaps: NDArray[np.int64]) -> Floats:
    """Each `span_ns` divided by its number of `gaps`, in ms; nan if there are no gaps or they took no time."""
    import numpy as np

    found = np.full(len(span_ns), np.nan)
    measured = (gaps > 0) & (span_ns > 0)
    # In place: copies of what was measured would take much memory in a large run.
    np.divide(span_ns, 1e6, out=found, where=measured)
    np.divide(found, gaps, out=found, where=measured)
    return found


def _tokens_per_event(requests: Requests) -> Floats:
    """Each request's mean number of tokens per event; 1 if it has no events or no counted tokens."""
    import numpy as np

    events, tokens = _events(requests), requests.tokens
    return np.where((events > 0) & (tokens > 0), tokens / np.maximum(events, 1), 1.0)


def _carries_several(requests: Requests) -> bool:
    """True if events carry several tokens, so that a gap between events is not the gap between tokens."""
    events = int(_events(requests).sum())
    return events > 0 and int(requests.tokens.sum()) / events > SEVERAL_TOKENS_FROM


def _streamed_ns(requests: Requests) -> NDArray[np.int64]:
    return requests.column("last_token_ns") - requests.column("first_token_ns")


def _to_first_answer_ms(requests: Requests) -> Floats:
    import numpy as np

    answered = requests.column("first_answer_ns") > 0
    return np.where(answered, requests.since_origin_ms("first_answer_ns"), np.nan)


def _e2el_per_token_ms(requests: Requests) -> Floats:
    import numpy as np

    tokens = requests.tokens
    return np.where(tokens > 0, requests.since_origin_ms("last_token_ns") / np.maximum(tokens, 1), np.nan)


def _events(requests: Requests) -> NDArray[np.int64]:
    return requests.column("content_events").astype("i8")


METRICS = (
    Metric(
        name="ttft",
        title="TTFT",
        long_title="Time to First Token",
        meaning="Time to first token: from the send of a request to its first event with generated content.",
        of=lambda requests: requests.since_origin_ms("first_token_ns"),
        until="first_token_ns",
        from_plan=True,
        colour="ttft",
    ),
    Metric(
        name="tpot",
        title="TPOT",
        long_title="Time per Output Token (excl. 1st token)",
        meaning="Time per output token: (E2EL - TTFT) / (output tokens - 1) of a request. Requests with a single output token, or whose tokens all arrived at one moment, have none.",
        of=lambda requests: _mean_gaps_ms(_streamed_ns(requests), requests.tokens - 1),
        # As in vLLM's goodput: with one token, there is no second one that could be late.
        exempt=lambda requests: requests.tokens <= 1,
        chart="token",
        colour="valid",
    ),
    Metric(
        name="itl",
        title="ITL",
        long_title="Inter-token Latency",
        meaning="Inter-token latency: the gap between two content events of a request, pooled over the successful requests.",
        of=lambda requests: _mean_gaps_ms(_streamed_ns(requests), _events(requests) - 1),
        exempt=lambda requests: _events(requests) <= 1,
        pooled=True,
        chart="token",
    ),
    Metric(
        name="e2el",
        title="E2EL",
        long_title="End-to-end Latency",
        meaning="End-to-end latency: from the send of a request to its last content event.",
        of=lambda requests: requests.since_origin_ms("last_token_ns"),
        needs_stream=False,
        until="last_token_ns",
        from_plan=True,
    ),
    Metric(
        name="ttfat",
        title="TTFAT",
        long_title="Time to First Answer Token (after reasoning)",
        meaning="Time to first answer token: from the send of a request to its first content that is not reasoning. Shown if there was reasoning; answers that are all reasoning have none.",
        of=_to_first_answer_ms,
        until="first_answer_ns",
        from_plan=True,
        applies=lambda requests: bool((requests.column("reasoning_events") > 0).any()),
        colour="doubtful",
    ),
    Metric(
        name="norm_e2el",
        title="Normalised E2EL",
        long_title="Normalised End-to-end Latency (per output token)",
        meaning="E2EL / output tokens of a request, as in the Orca and vLLM papers: the mean time per token that a user sees, waiting included.",
        of=_e2el_per_token_ms,
        needs_stream=False,
        until="last_token_ns",
        applies=lambda requests: bool((requests.tokens > 0).any()),
        headline=False,
        chart="token",
        colour="wait",
    ),
    Metric(
        name="itl_per_token",
        title="ITL per token",
        long_title="Inter-token Latency per Token",
        meaning="The gap between two content events, divided by the request's tokens per event: output tokens, as counted by usage or tokenizer, / content events. Shown if events carry several tokens.",
        of=lambda requests: (
            _mean_gaps_ms(_streamed_ns(requests), _events(requests) - 1) / _tokens_per_event(requests)
        ),
        exempt=lambda requests: _events(requests) <= 1,
        pooled=True,
        spread=_tokens_per_event,
        applies=_carries_several,
        chart="token",
        colour="doubtful",
    ),
)
BY_NAME = {metric.name: metric for metric in METRICS}
BY_KEY = {metric.key: metric for metric in METRICS}
NAMES = tuple(BY_NAME)
# The latencies for lines with little room.
BRIEF = tuple(metric for metric in METRICS if metric.headline and metric.chart == "request")
# The titles of all latencies by name: counted from the send, then from the plan.
TITLES = {metric.name: metric.title for metric in METRICS} | {
    metric.plan_name: f"{metric.title} from plan" for metric in METRICS if metric.from_plan
}


def metrics_of(*, streams: bool, requests: Requests | None = None) -> tuple[Metric, ...]:
    """The metrics of a run: without streams, only those that need none. With `requests`, the run's successful requests,
    only those that apply to them."""
    return tuple(
        metric
        for metric in METRICS
        if (streams or not metric.needs_stream)
        and (requests is None or metric.applies is None or metric.applies(requests))
    )
