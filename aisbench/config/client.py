"""Options for the client's other work: the ready check, probes, the profiler, and vLLM's result file."""

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
            f"{flag} goes into a header: it must be ASCII letters, digits and signs without blanks, got {value!r}"
        )


def _check_thresholds(flag: str, value: tuple[float, ...]) -> None:
    if len(value) != 2 or not 0 < value[0] <= value[1] < math.inf:
        raise BadInput(f"{flag} must be two rising numbers of milliseconds such as 25,50, got {shown(value)}")


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class ClientOptions:
    """Fields of RunConfig: what vLLM's client does beside the load."""

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
        help="Start the server's profiler before the run and stop it after (vLLM, SGLang).",
        vllm="--profile",
    )
    request_id_prefix: str | None = _option(
        "--request-id-prefix",
        check=_check_prefix,
        metavar="TEXT",
        help="What X-Request-Id begins with; a number follows.",
        vllm="--request-id-prefix",
    )
    probe_rate: float = _option(
        "--probe-request-rate",
        default=0.0,
        check=at_least(0),
        metavar="RPS",
        help="Send requests of one token at this rate beside the load, timed apart.",
        vllm="--probe-request-rate",
    )
    # None: a trace's own times count unless a rate is given.
    self_timed: bool | None = _option(
        "--self-timed/--no-self-timed",
        help="A trace at its own times, or at --rate; by default its own unless --rate is given.",
        vllm="--self-timed --no-self-timed",
    )
    save_result: bool = _option(
        "--save-result",
        default=False,
        help="Write vllm.json a second time, where vllm bench serve does.",
        vllm="--save-result",
    )
    append_result: bool = _option(
        "--append-result",
        default=False,
        help="The same, as one more line of a file that may be there already.",
        vllm="--append-result",
    )
    result_dir: str | None = _option(
        "--result-dir",
        metavar="DIR",
        help="Folder of that file; it is made.",
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
        help="Write a page with every request as a bar, beside the result file.",
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
        help="Draw the prompt and output lengths into a picture beside the result file.",
        vllm="--plot-dataset-stats",
    )

    @property
    def wants_result_file(self) -> bool:
        """True when vLLM's client would write a result, and so has a name for it."""
        return self.save_result or self.append_result or self.plot_timeline or self.plot_dataset_stats
