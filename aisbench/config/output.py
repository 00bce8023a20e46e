"""Options for what is kept and reported about a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from aisbench.errors import BadInput
from aisbench.metrics import NAMES
from aisbench.options.checks import above, at_least, between, every, unknown
from aisbench.options.option import SPAN, ListOf, PairsOf, option

DEFAULT_PERCENTILES = (75.0, 90.0, 95.0, 99.0)
_PERCENTILE_METRICS = (*NAMES, "client_queue_time", "e2el_including_client_queue")
TABLES = ("vllm", "aisbench")
# Token events are counted in bins of 10 ms, and a page with many slices is hard to read.
_SHORTEST_SLICE_S = 0.1
SECTION = "Output"
_option = partial(option, section=SECTION)


def _check_metrics(flag: str, value: tuple[str, ...]) -> None:
    for name in value:
        if name not in _PERCENTILE_METRICS:
            raise BadInput(f"{flag}: {unknown(name, _PERCENTILE_METRICS)}")


def _check_bounds(flag: str, value: Mapping[str, float]) -> None:
    for name, bound in value.items():
        if name not in NAMES:
            raise BadInput(f"{flag}: {unknown(name, NAMES)}")
        above(0, "milliseconds")(f"{flag} {name}", bound)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class OutputOptions:
    """Fields of RunConfig: the results."""

    work_dir: str = _option(
        "--work-dir",
        default="outputs/default",
        metavar="DIR",
        help="Folder in which each run gets its own folder.",
    )
    workload_cache: bool = _option(
        "--workload-cache/--no-workload-cache",
        default=True,
        help="Keep prompts that took over a second to prepare, and use those of earlier runs with the same options.",
    )
    label: str | None = _option(
        "--label",
        help="Text kept with the results.",
        vllm="--label",
    )
    metadata: Mapping[str, str] = _option(
        "--metadata",
        default={},
        kind=PairsOf("=", "gpu=H100"),
        metavar="K=V...",
        help="Text kept with the results.",
        vllm="--metadata",
    )
    save_outputs: bool = _option(
        "--save-outputs",
        default=False,
        help="Keep the generated texts.",
    )
    score: bool = _option(
        "--score",
        default=False,
        help="Score the answers of a data set with known answers: accuracy over time and against in-flight requests.",
    )
    save_token_times: bool = _option(
        "--save-token-times",
        default=False,
        help="Keep the time of every token.",
    )
    save_detailed: bool = _option(
        "--save-detailed",
        default=False,
        help="Per-request arrays in vllm.json: texts, token times, errors.",
        vllm="--save-detailed",
    )
    percentiles: tuple[float, ...] = _option(
        "--percentiles",
        "--metric-percentiles",
        default=DEFAULT_PERCENTILES,
        kind=ListOf(float, many=True),
        check=every(between(0, 100), "numbers from 0 to 100"),
        metavar="P...",
        help="Percentiles to report.",
        vllm="--metric-percentiles",
    )
    percentile_metrics: tuple[str, ...] = _option(
        "--percentile-metrics",
        default=("ttft", "tpot", "itl"),
        kind=ListOf(str, many=True),
        check=_check_metrics,
        metavar="M...",
        help="Latencies in vllm.json and the table: ttft, tpot, itl, e2el, client_queue_time, e2el_including_client_queue.",
        vllm="--percentile-metrics",
    )
    goodput: Mapping[str, float] | None = _option(
        "--goodput",
        kind=PairsOf(":", "ttft:500 tpot:50", numbers=True, known=NAMES),
        check=_check_bounds,
        metavar="M:MS...",
        help="Count requests that meet all of these: ttft:500 tpot:50 e2el:5000.",
        vllm="--goodput",
    )
    table: str = _option(
        "--table",
        default="vllm",
        words=TABLES,
        help="Layout of the printed table: vllm or aisbench.",
    )
    slice_s: float | None = _option(
        "--slice",
        kind=SPAN,
        check=at_least(_SHORTEST_SLICE_S, "seconds"),
        metavar="TIME",
        help="Length of a slice in slices.csv, in seconds. Default: a minute, for runs of five minutes or more.",
    )
    strict: bool = _option(
        "--strict",
        default=False,
        help="Exit with 3 when the verdict is invalid.",
    )
    fail_on: str | None = _option(
        "--fail-on",
        metavar="CONDITIONS",
        help="Exit with 4 when any of these holds: 'error_rate>0.05 ttft_p99>500 output_throughput<1000'.",
    )
    reader_rest_ms: float = _option(
        "--reader-rest",
        default=2.0,
        check=at_least(0, "milliseconds"),
        help="Longest pause of the reader between two looks at the sockets, in milliseconds; with 0, each event wakes it.",
        hidden=True,
    )
