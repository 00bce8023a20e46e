"""Runs aisbench-load --compat vllm and `vllm bench serve` in turn on one server: scripts/compare-with-vllm --url URL

First both send their bodies to a recording server, which shows whether the bodies are the same, byte for byte,
and the CPU time of each client without the stream. Then they run A B A B on the server itself, whose prefix
cache is emptied before each run if it allows that. The result is a comparison like that of `aisbench compare`,
with the CPU time of both clients (`perf stat -e task-clock` over all their processes).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.engine.target.prefix_cache_reset import EMPTIED, reset_prefix_caches
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from aisbench.errors import BadInput
from aisbench.studies.comparison.comparing import compare
from aisbench.studies.comparison.page import write_comparison
from aisbench.studies.comparison.readers.registry import read_path
from aisbench.studies.comparison.result import Group, ToolResult
from aisbench.studies.comparison.table import comparison_text
from bench.harness import ROOT, found, with_cpu_time
from bench.recording import recording

ENDPOINTS = {"openai": "/v1/completions", "openai-chat": "/v1/chat/completions"}
OFFLINE = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}


# Requests in flight at the recording server and in the warm-up, enough to be quick.
SIDE_CONCURRENCY = 8

# Start-up takes some seconds of CPU, give or take one, so a stream that took less than this share of a run cannot
# be told apart from it.
LEAST_STREAM_SHARE = 0.2


@dataclass(frozen=True)
class Load:
    rate: str
    concurrency: int | None
    requests: int

    def flags(self) -> list[Any]:
        limit = [] if self.concurrency is None else ["--max-concurrency", self.concurrency]
        return ["--request-rate", self.rate, "--num-prompts", self.requests, *limit]


@dataclass(frozen=True)
class Client:
    """`command(url, place, load)` runs it; `result(place)` is the path of its result."""

    name: str
    command: Callable[[str, Path, Load], list[str]]
    result: Callable[[Path], Path]


def clients(options: argparse.Namespace) -> tuple[Client, Client]:
    lengths = ["--random-input-len", options.input_len, "--random-output-len", options.output_len]
    same = [*lengths, "--random-range-ratio", options.range_ratio, "--seed", options.seed]
    same += ["--model", options.model, "--tokenizer", options.tokenizer]
    same += ["--dataset-name", "random", "--burstiness", options.burstiness, "--backend", options.backend]

    def ours(url: str, place: Path, load: Load) -> list[str]:
        command = [sys.executable, "-m", "aisbench", "load", "--compat", "vllm", "--url", url, *same]
        command += [*load.flags(), "--work-dir", place, "--no-progress", "--save-token-times"]
        return [str(part) for part in command]

    def theirs(url: str, place: Path, load: Load) -> list[str]:
        command = [*shlex.split(options.vllm), "bench", "serve", "--base-url", url, *same]
        command += [*load.flags(), "--endpoint", ENDPOINTS[options.backend], "--disable-tqdm"]
        command += ["--percentile-metrics", "ttft,tpot,itl,e2el", "--save-result", "--save-detailed"]
        command += ["--result-dir", place, "--result-filename", "result.json"]
        return [str(part) for part in command]

    return (
        Client("aisbench", ours, lambda place: next(place.iterdir(), place / "run")),
        Client("vllm", theirs, lambda place: place / "result.json"),
    )


def run(client: Client, url: str, place: Path, load: Load, core: str | None) -> ToolResult:
    """The result of one run, with the client's CPU time if `perf` is installed. Raises RuntimeError if it failed."""
    place.mkdir(parents=True)
    command = client.command(url, place, load)
    cpu_ms = None
    if found("perf"):
        cpu_ms, _ = with_cpu_time(command, core=core or allowed_cores(), env=OFFLINE)
    else:
        pinned = ["taskset", "-c", core, *command] if core else command
        done = subprocess.run(pinned, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"{client.name} ended with {done.returncode}: {done.stderr[-2000:]}")
    left = client.result(place)
    if not left.exists():
        # perf sometimes reports success for a command that failed at once.
        raise RuntimeError(f"{client.name} ended without a result in {place}")
    (result,) = read_path(str(left))
    result = replace(result, path=place.name)
    return result if cpu_ms is None else replace(result, figures=result.figures | {"cpu_s": cpu_ms / 1e3})


def allowed_cores() -> str:
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


def rehearse(client: Client, options: argparse.Namespace, place: Path) -> ToolResult:
    """The same requests, answered by a recording server with one token each."""
    with recording(options.url) as kept:
        # Several at a time, because one by one would be slow. The request ids give the order.
        load = Load("inf", SIDE_CONCURRENCY, options.num_requests)
        result = run(client, kept.url, place, load, options.core)
        return replace(result, fingerprint={"bodies": kept.fingerprint()})


def measured(client: Client, options: argparse.Namespace, place: Path, rehearsed: ToolResult) -> ToolResult:
    prepare(options)
    load = Load(options.rate, options.concurrency, options.num_requests)
    result = run(client, options.url, place, load, options.core)
    if options.referee:
        with urllib.request.urlopen(f"{options.url}/truth") as answer:
            truth = answer.read()
        (place.parent / f"{place.name}-truth.json").write_bytes(truth)
        told = json.loads(truth)
        print(
            f"  truth: TTFT mean {told['ttft']['mean_ms']:.2f} ms, ITL mean {told['itl']['mean_ms']:.3f} ms"
        )
    bodies = result.fingerprint.get("bodies", rehearsed.fingerprint["bodies"])
    return replace(result, fingerprint={**result.fingerprint, "bodies": bodies})


def with_token_cost(
    runs: dict[str, list[ToolResult]], rehearsed: dict[str, ToolResult]
) -> dict[str, list[ToolResult]]:
    """Adds the CPU time per token beyond the first, unless a stream took too little to be told apart from start-up."""
    found: dict[str, list[ToolResult]] = {}
    for name, results in runs.items():
        if not all("cpu_s" in run.figures for run in (rehearsed[name], *results)):
            return runs
        start, whole = rehearsed[name].figures["cpu_s"], [run.figures["cpu_s"] for run in results]
        if any(each - start < LEAST_STREAM_SHARE * each for each in whole):
            return runs
        first = rehearsed[name].figures["total_output_tokens"]
        found[name] = [
            replace(
                run, figures=run.figures | {"cpu_us_per_token": 1e6 * (each - start) / beyond(run, first)}
            )
            for run, each in zip(results, whole, strict=True)
        ]
    return found


def beyond(run: ToolResult, tokens: float) -> float:
    """Output tokens beyond `tokens`. Raises RuntimeError if there are none."""
    more = run.figures["total_output_tokens"] - tokens
    if more <= 0:
        raise RuntimeError(f"{run.path} has no more than one token per request: did its requests fail?")
    return more


def prepare(options: argparse.Namespace) -> None:
    """Empties the prefix cache, since both send the same prompts in each run, and resets a referee's counters."""
    if options.reset_prefix_cache:
        transport = Transport.of(RunConfig())
        found = reset_prefix_caches([resolve(options.url, transport)], transport, {})
        if found != EMPTIED:
            # The runs go on: from the second round, the same prompts are cached for both.
            options.reset_prefix_cache = False
            print(f"--reset-prefix-cache: {found}", file=sys.stderr, flush=True)
    if options.referee:
        urllib.request.urlopen(f"{options.url}/reset", timeout=30).read()


def turns(options: argparse.Namespace, folder: Path) -> list[Group]:
    """Runs both clients A B A B; the first one is the baseline."""
    both = clients(options)
    rehearsed = {}
    for client in both:
        rehearsed[client.name] = rehearse(client, options, folder / f"{client.name}-rehearsal")
        print(f"{client.name}: bodies {rehearsed[client.name].fingerprint['bodies']}", flush=True)
    print(compared_bodies([result.fingerprint["bodies"] for result in rehearsed.values()]))
    prepare(options)
    warm_up = min(options.num_requests, 4 * SIDE_CONCURRENCY)
    run(both[0], options.url, folder / "warm-up", Load("inf", SIDE_CONCURRENCY, warm_up), options.core)
    runs: dict[str, list[ToolResult]] = {client.name: [] for client in both}
    for turn in range(1, options.rounds + 1):
        for client in both:
            result = measured(client, options, folder / f"{client.name}-{turn}", rehearsed[client.name])
            runs[client.name].append(result)
            mean = result.figures.get("ttft_ms.mean", float("nan"))
            print(f"round {turn}, {client.name}: TTFT mean {mean:.2f} ms", flush=True)
    return [Group(name, tuple(results)) for name, results in with_token_cost(runs, rehearsed).items()]


def compared_bodies(fingerprints: list[str]) -> str:
    """Says whether the clients whose bodies have these fingerprints sent the same ones."""
    return f"the bodies are {'the same, byte for byte' if len(set(fingerprints)) == 1 else 'not the same'}"


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="compare-with-vllm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="the server, as http://host:port")
    parser.add_argument("--vllm", default="vllm", help="the vllm command (default: vllm on PATH)")
    parser.add_argument("--model", required=True, help="the model's name on the server")
    parser.add_argument(
        "--tokenizer", required=True, help="folder or name of the tokenizer, the same for both"
    )
    parser.add_argument("--backend", choices=list(ENDPOINTS), default="openai")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each client, in turns")
    parser.add_argument("--num-requests", type=int, default=256)
    parser.add_argument("--input-len", type=int, default=128)
    parser.add_argument("--output-len", type=int, default=64)
    parser.add_argument("--range-ratio", default="0.0")
    parser.add_argument("--rate", default="inf", help="requests/s, or inf")
    parser.add_argument("--burstiness", default="1.0")
    parser.add_argument("--concurrency", type=int, help="maximum requests in flight")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--margin", type=float, default=0.05, help="relative difference up to which results count as equal"
    )
    parser.add_argument("--core", help="the CPU cores that clients may use, as for taskset")
    parser.add_argument(
        "--referee", action="store_true", help="the server is a referee, with GET /reset and GET /truth"
    )
    parser.add_argument(
        "--reset-prefix-cache",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="empty the server's prefix cache before each run; a refusal is reported once",
    )
    parser.add_argument("--output", type=Path, help="default: outputs/comparison_YYYYmmdd_HHMMSS")
    options = parser.parse_args(arguments)
    options.url = options.url.rstrip("/")
    program, *more = shlex.split(options.vllm) or [""]
    place = shutil.which(program)
    if place is None:
        raise BadInput(
            f"--vllm {options.vllm}: no such command; install vllm (its command is `vllm`), or give its path"
        )
    # The clients run in another folder.
    options.vllm = shlex.join([str(Path(place).absolute()), *more])
    if Path(options.tokenizer).exists():
        options.tokenizer = str(Path(options.tokenizer).absolute())
    for name in ("rounds", "num_requests"):
        if getattr(options, name) < 1:
            flag = name.replace("_", "-")
            raise BadInput(f"--{flag} {getattr(options, name)} is too few for a comparison; give 1 or more")
    if options.output_len < 2:
        raise BadInput(
            f"--output-len must be at least 2, to give the CPU time of a token, got {options.output_len}"
        )
    return options


def main(arguments: list[str] | None = None) -> int:
    try:
        options = parsed(arguments)
        folder = (options.output or Path(f"outputs/comparison_{datetime.now():%Y%m%d_%H%M%S}")).resolve()
        if folder.exists() and any(folder.iterdir()):
            raise BadInput(f"--output {folder} is not empty; give a new folder")
        if not found("perf"):
            print("perf is not installed: no CPU times (Debian: apt-get install linux-perf)", file=sys.stderr)
        comparison = compare(turns(options, folder), margin=options.margin)
    except BadInput as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except (RuntimeError, OSError) as problem:
        print(f"error: {' '.join(str(problem).split())}", file=sys.stderr)
        return 1
    write_comparison(comparison, folder)
    print(f"\n{comparison_text(comparison)}\n\nwritten: {folder / 'comparison.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
