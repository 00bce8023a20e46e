"""The type of summary.json: every block, in the file's order."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict, cast

from aisbench.analysis.accuracy import AccuracyBlock
from aisbench.analysis.blocks.answer_facts import AnswersBlock, ReasoningBlock
from aisbench.analysis.blocks.client import ClientBlock
from aisbench.analysis.blocks.counts import GoodputBlock, InFlightBlock, PeaksBlock, RequestsBlock
from aisbench.analysis.blocks.devices import DevicesBlock
from aisbench.analysis.blocks.groups import Endpoint, Turn
from aisbench.analysis.blocks.keeping_up import KeepingUpBlock
from aisbench.analysis.blocks.lengths import LengthsBlock
from aisbench.analysis.blocks.per_request import PerRequest, PerUser
from aisbench.analysis.blocks.prefix_cache import PrefixCacheBlock
from aisbench.analysis.blocks.server import ServerBlock
from aisbench.analysis.blocks.slices import SlicesBlock
from aisbench.analysis.blocks.stable_stage import StableBlock
from aisbench.analysis.blocks.vllm.extras import QUEUE_METRICS
from aisbench.analysis.blocks.vllm.keys import VllmKeys
from aisbench.analysis.contract.keys import Between, MoreKeys, Ms, Requests, more_keys
from aisbench.analysis.contract.metric_keys import MetricKey, PlanMetricKey, RequestMetricKey
from aisbench.analysis.nodes.block import NodeFigures
from aisbench.analysis.run_facts import ErrorSample, Fingerprint, Host, Limits
from aisbench.analysis.sending import ArrivalsBlock
from aisbench.analysis.sessions.block import SessionsBlock
from aisbench.analysis.sessions.cached_share import CachedBin
from aisbench.analysis.statistics.figures import Figures
from aisbench.analysis.timed import TimedBlock
from aisbench.analysis.tokens import OutputSource, PromptSource
from aisbench.analysis.verdict.verdict import VerdictBlock
from aisbench.metrics import NAMES

Outcome = Literal["finished", "interrupted", "abandoned", "failed"]


class OwnBlocks(TypedDict):
    """What aisbench adds to vLLM's keys."""

    schema: Annotated[Literal[1], "the version of this contract"]
    version: Annotated[str | None, "the version of aisbench that made the run"]
    outcome: Annotated[Outcome, "how the run ended"]
    outcome_reason: Annotated[str | None, "why it did not run to its end"]
    simulator: Annotated[bool, "whether the load went to the built-in simulator"]
    verdict: VerdictBlock
    clock: Annotated[
        Literal["kernel", "user", "mixed", "unknown"],
        "who stamped the received bytes; unknown if nothing was received",
    ]
    requests: RequestsBlock
    metrics: Annotated[dict[MetricKey, Figures], "latencies in ms, of the metrics that the run has"]
    percentile_intervals: Annotated[
        dict[RequestMetricKey, dict[str, Between | None]],
        "95 % intervals of the percentiles, ms; null for a percentile with too few requests",
    ]
    itl_from: Annotated[Literal["histogram", "token_log"], "what ITL is computed from; only the log is exact"]
    from_plan: Annotated[
        dict[PlanMetricKey, Figures] | None, "latencies from the planned time, ms; null in a closed loop"
    ]
    client: ClientBlock
    arrivals: ArrivalsBlock
    keeping_up: Annotated[
        KeepingUpBlock | None, "null in a closed loop, for conversations, and for loads too short to tell"
    ]
    in_flight: InFlightBlock
    timed: Annotated[TimedBlock | None, "null without --duration"]
    stable: StableBlock
    slices: Annotated[SlicesBlock | None, "null if the run is not sliced"]
    errors: Annotated[dict[str, Requests], "failed requests by kind, the most frequent first"]
    error_samples: Annotated[list[ErrorSample], "the first failures of each kind"]
    input_tokens_from: Annotated[
        PromptSource,
        "what counted prompt tokens: the server, or the plan if the server did not",
    ]
    output_tokens_from: Annotated[
        OutputSource,
        "what counted output tokens: the server, the tokenizer on the kept texts, or content events",
    ]
    answers: AnswersBlock
    lengths: LengthsBlock
    accuracy: Annotated[AccuracyBlock | None, "null without --score"]
    peaks: PeaksBlock
    per_user: PerUser
    per_request: PerRequest
    endpoints: Annotated[
        list[Endpoint] | None, "one per server, in the order of --url; null for a single server"
    ]
    nodes: Annotated[list[NodeFigures] | None, "one per node of a cluster; null on one host"]
    turns: Annotated[list[Turn] | None, "null without conversations"]
    sessions: Annotated[SessionsBlock | None, "null without sessions of several turns"]
    ttft_by_cached_share: Annotated[
        list[CachedBin] | None,
        "TTFT by the share of the prompt that was cached; null if no usage gave cached tokens",
    ]
    reasoning: ReasoningBlock
    server: Annotated[ServerBlock | None, "null if no server's metrics were read"]
    prefix_cache: Annotated[
        PrefixCacheBlock | None, "null if nothing was generated or the prompts' tokens are not known"
    ]
    devices: Annotated[DevicesBlock | None, "null if no device was read"]
    goodput: Annotated[GoodputBlock | None, "null without --goodput"]
    config: Annotated[
        dict[str, Any], "every option, resolved, by its name in docs/options.md; secrets are masked"
    ]
    fingerprint: Fingerprint
    limits: Limits
    host: Host
    notes: Annotated[list[str], "what was noted during the run"]


@more_keys(
    MoreKeys(
        rf"^(mean|median|std|p[0-9]+(\.[0-9]+)?)_({'|'.join((*NAMES, *QUEUE_METRICS))})_ms$",
        Ms | None,
        "vLLM's statistics of the latencies of --percentile-metrics, ms; null if nothing was measured.",
    ),
    MoreKeys(None, str, "The user's --metadata."),
)
class Summary(VllmKeys, OwnBlocks):
    """summary.json of a run. What was not measured is null. Latencies are in ms; names or tables have other units."""


def plain(summary: Summary) -> dict[str, Any]:
    """The summary as a plain dict, for keys whose names are computed."""
    return cast(dict[str, Any], summary)
