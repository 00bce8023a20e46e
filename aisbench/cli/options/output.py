"""How the stream is read, and what is kept and reported."""

from __future__ import annotations

from aisbench.cli.options.types import Choice, Duration, Listed, Pairs, option
from aisbench.config.run_config import COMPATS, GOODPUT_METRICS, TABLES, TTFT_AT

STREAM_OPTIONS = (
    option("--stream/--no-stream", name="stream", help="Ask for event streams, or for whole answers."),
    option(
        "--compat",
        name="compat",
        type=Choice(COMPATS),
        metavar="TOOL",
        help="vllm: every definition and detail of vllm bench serve's client at once.",
    ),
    option(
        "--max-chunk-size",
        name="max_chunk_size",
        type=int,
        metavar="BYTES",
        help="Most bytes that one streamed event may take (16 MiB); without streams, a whole answer (64 MiB).",
    ),
    option(
        "--ttft-at",
        name="ttft_at",
        type=Choice(TTFT_AT),
        help="content: the first event with generated content; first-chunk: the first with choices, as vLLM counts.",
    ),
)
OUTPUT_OPTIONS = (
    option("--work-dir", name="work_dir", metavar="DIR", help="Where run folders go."),
    option("--label", name="label", help="Kept with the results."),
    option(
        "--metadata",
        name="metadata",
        type=Pairs("=", "gpu=H100", numbers=False),
        default={},
        show_default=False,
        metavar="K=V...",
        help="Kept with the results.",
    ),
    option("--save-outputs", name="save_outputs", is_flag=True, help="Keep the generated texts."),
    option("--save-token-times", name="save_token_times", is_flag=True, help="Keep the time of every token."),
    option(
        "--save-detailed",
        name="save_detailed",
        is_flag=True,
        help="Per-request arrays in vllm.json: texts, token times, errors.",
    ),
    option(
        "--percentiles",
        "--metric-percentiles",
        name="percentiles",
        type=Listed(float),
        metavar="P...",
        help="Percentiles to report.",
    ),
    option(
        "--percentile-metrics",
        name="percentile_metrics",
        type=Listed(str),
        metavar="M...",
        help="Latencies in vllm.json and the table: ttft, tpot, itl, e2el, client_queue_time, e2el_including_client_queue.",
    ),
    option(
        "--goodput",
        name="goodput",
        type=Pairs(":", "ttft:500 tpot:50", numbers=True, known=GOODPUT_METRICS),
        metavar="M:MS...",
        help="Count requests that meet all of these: ttft:500 tpot:50 e2el:5000.",
    ),
    option("--table", name="table", type=Choice(TABLES), help="Whose table to print: vllm or aisbench."),
    option(
        "--slice",
        name="slice_s",
        type=Duration(),
        metavar="TIME",
        help="Seconds of a slice in slices.csv; unasked a minute, for runs of five minutes and more.",
    ),
    option("--strict", name="strict", is_flag=True, help="Exit with 3 when the verdict is invalid."),
    option(
        "--fail-on",
        name="fail_on",
        metavar="CONDITIONS",
        help="Exit with 4 when one holds: 'error_rate>0.05 ttft_p99>500 output_throughput<1000'.",
    ),
    option("--reader-rest", name="reader_rest_ms", type=float, hidden=True),
)
