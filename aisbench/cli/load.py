"""`aisbench load`, also installed as `aisbench-load`: the options, and what is done with them."""

from __future__ import annotations

import shlex
import sys
from dataclasses import fields
from typing import Any

import click

from aisbench.cli.options import JsonObject, Listed, ManyValued, Pairs, read_config_file
from aisbench.engine.config import GOODPUT_METRICS, RunConfig


def default(name: str) -> Any:
    """The default of an option is that of RunConfig."""
    for field in fields(RunConfig):
        if field.name == name:
            return field.default
    raise LookupError(name)


def option(*flags: str, name: str, **how: Any) -> Any:
    """An option of RunConfig's field `name`; the first flag is the one that messages use."""
    if "default" not in how and not how.get("multiple"):
        how["default"] = default(name)
    how.setdefault("show_default", how["default"] is not None if "default" in how else False)
    return click.option(*flags, name, **how)


@click.command(
    cls=ManyValued, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.option(
    "--config",
    "config",
    callback=read_config_file,
    is_eager=True,
    expose_value=False,
    metavar="FILE",
    help="YAML or TOML file with any of these options.",
)
@option(
    "--url",
    "--base-url",
    name="url",
    metavar="URL",
    help="Server to load, http://host:port. Without it the built-in simulator is started.",
)
@option(
    "--backend",
    name="backend",
    help="API family, by vLLM's names: openai (v1/completions), openai-chat, vllm, sglang, ...",
)
@option("--endpoint", name="endpoint", metavar="PATH", help="Path to post to; the backend's own by default.")
@option("--model", name="model", help="Model name to send; asked from /v1/models by default.")
@option(
    "--api-key",
    name="api_key",
    envvar=["AISBENCH_API_KEY", "OPENAI_API_KEY"],
    help="Sent as a bearer token. [env: AISBENCH_API_KEY, OPENAI_API_KEY]",
)
@option(
    "--header",
    name="header",
    multiple=True,
    metavar="NAME:VALUE",
    help="Header to send along; may be repeated.",
)
@option("--timeout", name="timeout_s", type=float, metavar="S", help="Seconds one request may take.")
@option(
    "--rate",
    "--request-rate",
    name="rate",
    type=float,
    metavar="RPS",
    help="Requests per second; inf: closed loop.",
)
@option(
    "--burstiness",
    name="burstiness",
    type=float,
    help="Gamma shape of the gaps: 1 is Poisson, inf is constant.",
)
@option("--arrival", name="arrival", help="constant, poisson or gamma; by default what --burstiness says.")
@option(
    "--ramp-up",
    "--ramp-up-strategy",
    name="ramp_up",
    help="linear or exponential, from --ramp-from to --ramp-to.",
)
@option(
    "--ramp-from",
    "--ramp-up-start-rps",
    name="ramp_from",
    type=float,
    metavar="RPS",
    help="Rate at the start of the ramp.",
)
@option(
    "--ramp-to",
    "--ramp-up-end-rps",
    name="ramp_to",
    type=float,
    metavar="RPS",
    help="Rate at the end of the ramp.",
)
@option(
    "--concurrency",
    "--max-concurrency",
    name="concurrency",
    type=int,
    metavar="N",
    help="Most requests in flight, all workers together.",
)
@option(
    "--num-requests",
    "--num-prompts",
    name="num_requests",
    type=int,
    metavar="N",
    help="Requests to send; 1000 unless --duration is given.",
)
@option("--duration", name="duration_s", type=float, metavar="S", help="Seconds to send for.")
@option(
    "--warmup",
    "--num-warmups",
    name="warmup",
    type=int,
    metavar="N",
    help="Requests sent before the run and left out of it.",
)
@option(
    "--workers",
    name="workers",
    type=int,
    metavar="N",
    help="Worker processes; by default one for each 1,024 streams, at most one a CPU.",
)
@option(
    "--late",
    name="late",
    metavar="POLICY",
    help="catch-up: late requests go at once; drop:MS: those later than MS are skipped and counted.",
)
@option(
    "--grace",
    name="grace_s",
    type=float,
    metavar="S",
    help="After --duration or Ctrl-C, how long to wait for requests in flight.",
)
@option("--seed", name="seed", type=int, help="Of prompts and arrivals.")
@option("--dataset", "--dataset-name", name="dataset", help="Workload: random.")
@option(
    "--input-len", "--random-input-len", name="input_len", type=int, metavar="TOKENS", help="Prompt length."
)
@option(
    "--output-len",
    "--random-output-len",
    name="output_len",
    type=int,
    metavar="TOKENS",
    help="Output length.",
)
@option(
    "--range-ratio",
    "--random-range-ratio",
    name="range_ratio",
    metavar="R",
    help='Lengths vary by this share: 0.25, or {"input": 0.25, "output": 0}.',
)
@option(
    "--prefix-len",
    "--random-prefix-len",
    name="prefix_len",
    type=int,
    metavar="TOKENS",
    help="Prefix that all prompts share, before --input-len.",
)
@option(
    "--tokenizer",
    name="tokenizer",
    metavar="NAME",
    help="Folder, or a model's name in the local cache; without one, prompts are words of a built-in list.",
)
@option(
    "--trust-remote-code",
    name="trust_remote_code",
    is_flag=True,
    help="Let the tokenizer run code of its own.",
)
@option(
    "--token-ids",
    name="token_ids",
    is_flag=True,
    help="Send token ids instead of text (completions only): lengths are exact.",
)
@option(
    "--ignore-eos/--no-ignore-eos",
    name="ignore_eos",
    help="Generate to the full length; on by default for random prompts.",
)
@option("--temperature", name="temperature", type=float, help="Sent only when given.")
@option(
    "--extra-body",
    name="extra_body",
    type=JsonObject(),
    metavar="JSON",
    help="Merged into every request body.",
)
@option(
    "--max-chunk-size",
    name="max_chunk_size",
    type=int,
    metavar="BYTES",
    help="Most bytes that one streamed event may take.",
)
@option(
    "--ttft-at",
    name="ttft_at",
    help="content: the first event with generated content; first-chunk: the first with choices, as vLLM counts.",
)
@option("--work-dir", name="work_dir", metavar="DIR", help="Where run folders go.")
@option("--label", name="label", help="Kept with the results.")
@option(
    "--metadata",
    name="metadata",
    type=Pairs("=", "gpu=H100", numbers=False),
    default={},
    show_default=False,
    metavar="K=V...",
    help="Kept with the results.",
)
@option("--save-outputs", name="save_outputs", is_flag=True, help="Keep the generated texts.")
@option("--save-token-times", name="save_token_times", is_flag=True, help="Keep the time of every token.")
@option(
    "--save-detailed",
    name="save_detailed",
    is_flag=True,
    help="Per-request arrays in vllm.json: texts, token times, errors.",
)
@option(
    "--percentiles",
    "--metric-percentiles",
    name="percentiles",
    type=Listed(float),
    metavar="P...",
    help="Percentiles to report.",
)
@option(
    "--percentile-metrics",
    name="percentile_metrics",
    type=Listed(str),
    metavar="M...",
    help="Latencies in vllm.json and the table: ttft, tpot, itl, e2el.",
)
@option(
    "--goodput",
    name="goodput",
    type=Pairs(":", "ttft:500 tpot:50", numbers=True, known=GOODPUT_METRICS),
    metavar="M:MS...",
    help="Count requests that meet all of these: ttft:500 tpot:50 e2el:5000.",
)
@option("--strict", name="strict", is_flag=True, help="Exit with 3 when the verdict is invalid.")
@option("--reader-rest", name="reader_rest_ms", type=float, hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on stdout, and nothing else there.")
@click.option("--no-progress", is_flag=True, help="No live view.")
def load(as_json: bool, no_progress: bool, **options: Any) -> int:
    """Put load on an inference server and report what happened.

    With --rate requests leave by a plan (open loop), with --concurrency at most so many are in flight;
    both may be given. The run folder holds report.html, summary.json, vllm.json and the records.
    """
    config = RunConfig(**options)
    config.check()
    # Everything heavy is imported after the options are known to be good.
    from aisbench.cli.run import run_and_report

    command = shlex.split(shlex.join(["aisbench-load", *command_line()]))
    return run_and_report(config, command=command, as_json=as_json, live=not no_progress)


def command_line() -> list[str]:
    """The options as the user typed them, the API key left out."""
    args = sys.argv[1:]
    if args[:1] == ["load"]:
        args = args[1:]
    shown = []
    hide = False
    for arg in args:
        shown.append("***" if hide else ("--api-key=***" if arg.startswith("--api-key=") else arg))
        hide = arg == "--api-key"
    return shown
