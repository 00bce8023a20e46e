"""Options for what the client does besides the load: ready check, probes, profiler, vLLM's result file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from aisbench.errors import BadInput
from aisbench.options.checks import at_least, shown
from aisbench.options.option import SPAN, ListOf, option

SECTION = "By vLLM's names (docs/from-vllm.md)"
_option = partial(option, section=SECTION)


def _check_prefix(flag: str, value: str) -> None:
    if any(not 32 < ord(c) < 127 for c in value):
        raise BadInput(
            f"{flag} must be ASCII letters, digits and signs without blanks, as it goes into a header, got {value!r}"
        )


def _check_thresholds(flag: str, value: tuple[float, ...]) -> None:
    if len(value) != 2 or not 0 < value[0] <= value[1] < math.inf:
        raise BadInput(
            f"{flag} must be two increasing numbers of milliseconds such as 25,50, got {shown(value)}"
        )


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class ClientOptions:
    """Fields of RunConfig: what vLLM's client does besides the load."""

    ready_timeout_s: float = _option(
        "--ready-check-timeout-sec",
        default=0.0,
        kind=SPAN,
        check=at_least(0),
        metavar="S",
        help="How long to wait for the server to answer a first request; 0 does not wait.",
        vllm="--ready-check-timeout-sec",
    )
    profile: bool = _option(
        "--profile",
        default=False,
        help="Start the server's profiler before the run and stop it afterwards (vLLM, SGLang).",
        vllm="--profile",
    )
    request_id_prefix: str | None = _option(
        "--request-id-prefix",
        check=_check_prefix,
        metavar="TEXT",
        help="Prefix of X-Request-Id; a number follows it.",
        vllm="--request-id-prefix",
    )
    probe_rate: float = _option(
        "--probe-request-rate",
        default=0.0,
        check=at_least(0),
        metavar="RPS",
        help="Also send one-token requests at this rate, measured separately from the load.",
        vllm="--probe-request-rate",
    )
    # None: a trace's recorded times apply unless a rate is given.
    self_timed: bool | None = _option(
        "--self-timed/--no-self-timed",
        help="Send a trace at its recorded times, or at --rate. Default: recorded times, unless --rate is given.",
        vllm="--self-timed --no-self-timed",
    )
    save_result: bool = _option(
        "--save-result",
        default=False,
        help="Also write vllm.json where vllm bench serve writes its result.",
        vllm="--save-result",
    )
    append_result: bool = _option(
        "--append-result",
        default=False,
        help="Like --save-result, but append a line to the file.",
        vllm="--append-result",
    )
    result_dir: str | None = _option(
        "--result-dir",
        metavar="DIR",
        help="Folder of the result file; created if it does not exist.",
        vllm="--result-dir",
    )
    result_filename: str | None = _option(
        "--result-filename",
        metavar="FILE",
        help="Name of the result file.",
        vllm="--result-filename",
    )
    plot_timeline: bool = _option(
        "--plot-timeline",
        default=False,
        help="Write a page with every request as a bar, next to the result file.",
        vllm="--plot-timeline",
    )
    timeline_itl_thresholds: tuple[float, ...] = _option(
        "--timeline-itl-thresholds",
        default=(25.0, 50.0),
        kind=ListOf(float),
        check=_check_thresholds,
        metavar="MS,MS",
        help="Gaps between tokens that the timeline colours orange and red.",
        vllm="--timeline-itl-thresholds",
    )
    plot_dataset_stats: bool = _option(
        "--plot-dataset-stats",
        default=False,
        help="Draw the prompt and output lengths as an image next to the result file.",
        vllm="--plot-dataset-stats",
    )

    @property
    def wants_result_file(self) -> bool:
        """True when vLLM's client would choose a name for a result file."""
        return self.save_result or self.append_result or self.plot_timeline or self.plot_dataset_stats
