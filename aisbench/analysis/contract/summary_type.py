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
from aisbench.analysis.blocks.vllm_extras import QUEUE_METRICS
from aisbench.analysis.blocks.vllm_keys import VllmKeys
from aisbench.analysis.contract.keys import Between, MoreKeys, Ms, Requests, more_keys
from aisbench.analysis.contract.metric_keys import MetricKey, PlanMetricKey, RequestMetricKey
from aisbench.analysis.run_facts import ErrorSample, Fingerprint, Host, Limits
from aisbench.analysis.sending import ArrivalsBlock
from aisbench.analysis.statistics.figures import Figures
from aisbench.analysis.timed import TimedBlock
from aisbench.analysis.tokens import OutputSource, PromptSource
from aisbench.analysis.verdict.verdict import VerdictBlock
from aisbench.metrics import NAMES

Outcome = Literal["finished", "interrupted", "abandoned", "failed"]


class OwnBlocks(TypedDict):
    """What aisbench says beside vLLM's keys."""

    schema: Annotated[Literal[1], "the version of this contract"]
    version: Annotated[str | None, "of the aisbench that made the run"]
    outcome: Annotated[Outcome, "how the run ended"]
    outcome_reason: Annotated[str | None, "why it did not go to its end"]
    simulator: Annotated[bool, "whether the built-in simulator was asked"]
    verdict: VerdictBlock
    clock: Annotated[
        Literal["kernel", "user", "mixed", "unknown"],
        "who stamped the received bytes; unknown where nothing was received",
    ]
    requests: RequestsBlock
    metrics: Annotated[dict[MetricKey, Figures], "latencies in ms, of the metrics that the run has"]
    percentile_intervals: Annotated[
        dict[RequestMetricKey, dict[str, Between | None]],
        "95 % intervals of these percentiles, ms; null for one that so few requests cannot support",
    ]
    itl_from: Annotated[
        Literal["histogram", "token_log"], "what ITL is computed from; only the log of all gaps is exact"
    ]
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
    slices: Annotated[SlicesBlock | None, "null where the run is not sliced"]
    errors: Annotated[dict[str, Requests], "failed requests by kind, the commonest first"]
    error_samples: Annotated[list[ErrorSample], "the first failures of each kind"]
    input_tokens_from: Annotated[
        PromptSource,
        "what counted prompt tokens: the server, or the plan where it did not",
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
    endpoints: Annotated[list[Endpoint] | None, "one a server, in the order of --url; null for a single one"]
    turns: Annotated[list[Turn] | None, "null without conversations"]
    reasoning: ReasoningBlock
    server: Annotated[ServerBlock | None, "null where no server told anything"]
    prefix_cache: Annotated[
        PrefixCacheBlock | None, "null where nothing was generated, or no prompt token is known of"
    ]
    devices: Annotated[DevicesBlock | None, "null where no device was read"]
    goodput: Annotated[GoodputBlock | None, "null without --goodput"]
    config: Annotated[
        dict[str, Any], "every option, resolved, as docs/options.md names them; secrets are masked"
    ]
    fingerprint: Fingerprint
    limits: Limits
    host: Host
    notes: Annotated[list[str], "what the run noted while it went on"]


@more_keys(
    MoreKeys(
        rf"^(mean|median|std|p[0-9]+(\.[0-9]+)?)_({'|'.join((*NAMES, *QUEUE_METRICS))})_ms$",
        Ms | None,
        "vLLM's statistics of the latencies of --percentile-metrics, ms; null where nothing was measured.",
    ),
    MoreKeys(None, str, "The user's --metadata."),
)
class Summary(VllmKeys, OwnBlocks):
    """summary.json of a run. What was not measured is null; latencies are ms, and other units are in the names or below."""


def plain(summary: Summary) -> dict[str, Any]:
    """For those who look up keys by names that they compute."""
    return cast(dict[str, Any], summary)
