"""CPU time per streamed event, with start-up cancelled out by two sizes: python -m bench.cpu [options]

The same load for all clients: 256 streams, TTFT 50 ms, ITL 10 ms, 128 tokens, server and client on a core
each. wrk only counts bytes and shows the minimum cost with epoll. vllm-rs and vllm are measured if given.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from aisbench.simulator.referee import RefereeProcess
from bench.harness import CLIENT_CORE, aisbench_load, found, referee, table, with_cpu_time
from bench.truth import CHAT

TOKENS = 128
STREAMS = 256
# Duration of one round of 256 streams, in s: wrk takes a time, the others a number of requests.
ROUND_S = 0.05 + (TOKENS - 1) * 0.01

WRK_SCRIPT = f"""
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{json.dumps({"model": "referee", "messages": [{"role": "user", "content": "hi"}], "max_completion_tokens": TOKENS, "stream": True, "stream_options": {"include_usage": True}})}'
"""


class Aisbench:
    name = "aisbench-load"

    def run(self, server: RefereeProcess, requests: int, folder: Path) -> tuple[float, str]:
        load = aisbench_load(
            folder,
            server.url,
            *CHAT,
            "--concurrency",
            STREAMS,
            "--num-requests",
            requests,
            "--output-len",
            TOKENS,
        )
        return load.cpu_ms, f"{load.summary['mean_ttft_ms']:.1f}"


class Wrk:
    name = "wrk"

    def run(self, server: RefereeProcess, requests: int, folder: Path) -> tuple[float, str]:
        script = folder / "wrk.lua"
        script.write_text(WRK_SCRIPT)
        seconds = max(2, round(requests / STREAMS * ROUND_S))
        command = ["wrk", "-t1", f"-c{STREAMS}", f"-d{seconds}s", "-s", str(script), server.url]
        return with_cpu_time(command, core=CLIENT_CORE)[0], "-"


class Vllm:
    """`vllm bench serve`, in Python or Rust: `program` is the command up to `bench`."""

    def __init__(self, name: str, program: str, tokenizer: str) -> None:
        self.name = name
        self.program = program
        self.tokenizer = tokenizer

    def run(self, server: RefereeProcess, requests: int, folder: Path) -> tuple[float, str]:
        result = folder / f"{self.name}-{requests}.json"
        command = [*self.program.split(), "bench", "serve", "--backend", "openai-chat"]
        command += ["--base-url", server.url, "--endpoint", "/v1/chat/completions", "--model", "referee"]
        command += ["--tokenizer", self.tokenizer, "--dataset-name", "random", "--random-input-len", "16"]
        command += ["--random-output-len", str(TOKENS), "--num-prompts", str(requests)]
        command += ["--max-concurrency", str(STREAMS), "--disable-tqdm"]
        command += ["--save-result", "--result-dir", str(folder), "--result-filename", result.name]
        cpu_ms, _ = with_cpu_time(command, core=CLIENT_CORE, env={"HF_HUB_OFFLINE": "1"})
        return cpu_ms, f"{json.loads(result.read_text())['mean_ttft_ms']:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--referee", help="another referee that takes the same arguments")
    parser.add_argument("--sizes", type=int, nargs=2, default=[1280, 3840], metavar="REQUESTS")
    parser.add_argument("--rounds", type=int, default=2, help="how often to run all clients in turn")
    parser.add_argument("--vllm-rs", help="the Rust client's binary")
    parser.add_argument("--vllm", help="the vllm command")
    parser.add_argument("--tokenizer", default="", help="for vllm and vllm-rs")
    options = parser.parse_args()
    clients: list[Aisbench | Wrk | Vllm] = [Aisbench()]
    if found("wrk"):
        clients.append(Wrk())
    if options.vllm_rs:
        clients.append(Vllm("vllm-rs bench serve", options.vllm_rs, options.tokenizer))
    if options.vllm:
        clients.append(Vllm("vllm bench serve", options.vllm, options.tokenizer))
    rows = [["client", "round", "CPU per event, us", "TTFT mean reported, ms", "truth, ms", "events/s"]]
    with tempfile.TemporaryDirectory() as name:
        for turn in range(options.rounds):
            for client in clients:
                measured = []
                for requests in options.sizes:
                    with referee(
                        ttft_us=50_000, itl_us=10_000, tokens=TOKENS, binary=options.referee
                    ) as server:
                        cpu_ms, reported = client.run(server, requests, Path(name))
                        truth = server.truth()
                        measured.append((cpu_ms, truth["tokens"]))
                (less_ms, fewer), (more_ms, more) = measured
                per_event_us = (more_ms - less_ms) / (more - fewer) * 1000
                rate = truth["tokens"] / truth["span_s"]
                rows.append(
                    [
                        client.name,
                        str(turn + 1),
                        f"{per_event_us:.2f}",
                        reported,
                        f"{truth['ttft']['mean_ms']:.1f}",
                        f"{rate:,.0f}",
                    ]
                )
                print(" ".join(rows[-1]), file=sys.stderr, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
