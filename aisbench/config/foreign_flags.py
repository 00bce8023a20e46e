"""Flags of other load generators: what they are called here, or why there is nothing like them.

Those of `vllm bench serve` are options of their own. An entry that begins with -- names ours.
"""

from __future__ import annotations

import difflib

_STREAMS = "answers are streamed unless --no-stream is given"
_RUN_FOLDER = "--work-dir DIR: a run's files are in a folder of its own there"

FOREIGN = {
    # wrk, hey, ab, k6, locust
    "-c": "--concurrency N",
    "-d": "--duration 30s",
    "-H": "--header NAME:VALUE",
    "-n": "--num-requests N",
    "-o": _RUN_FOLDER,
    "-q": "--rate RPS",
    "-r": "--rate RPS",
    "-t": "--workers N",
    "-u": "--url URL",
    "-z": "--duration 30s",
    "--connections-per-host": "--concurrency N",
    "--requests": "--num-requests N",
    "--run-time": "--duration 5m",
    "--spawn-rate": "--ramp-up linear, with --ramp-from and --ramp-to",
    "--threads": "--workers N",
    "--users": "--concurrency N",
    "--vus": "--concurrency N",
    # sglang's bench_serving
    "--apply-chat-template": "--chat-template",
    "--cache-report": "the server's prefix cache is reported wherever it can be read",
    "--disable-ignore-eos": "--no-ignore-eos",
    "--disable-stream": "--no-stream",
    "--extra-request-body": "--extra-body JSON",
    "--flush-cache": "--reset-prefix-cache",
    "--gsp-num-groups": "--num-prefixes N, with --dataset prefix-repetition",
    "--gsp-output-len": "--output-len N, with --dataset prefix-repetition",
    "--gsp-question-len": "--suffix-len N, with --dataset prefix-repetition",
    "--gsp-system-prompt-len": "--prefix-len N, with --dataset prefix-repetition",
    "--lora-name": "--lora-modules NAME...",
    "--output-details": "--save-detailed",
    "--output-file": _RUN_FOLDER,
    "--prompt-suffix": "prompts take no suffix; a data set of your own can hold it",
    "--return-logprob": "--extra-body '{\"logprobs\": 1}'",
    "--warmup-requests": "--warmup N",
    # AIPerf and genai-perf
    "--artifact-dir": _RUN_FOLDER,
    "--benchmark-duration": "--duration 5m",
    "--benchmark-grace-period": "--grace 30s",
    "--concurrency-ramp-duration": "requests in flight rise at once; a rate rises with --ramp-up",
    "--conversation-num": "--num-requests N",
    "--conversation-turn-mean": "--turns N",
    "--endpoint-type": "--backend NAME",
    "--extra-inputs": "--extra-body JSON",
    "--input-file": "--dataset-path FILE",
    "--isl": "--input-len N",
    "--measurement-interval": "--duration 30s",
    "--model-names": "--model NAME",
    "--num-dataset-entries": "--num-requests N",
    "--num-prefix-prompts": "--num-prefixes N",
    "--osl": "--output-len N",
    "--output-artifact-dir": _RUN_FOLDER,
    "--output-tokens-mean": "--output-len N",
    "--output-tokens-stddev": "--output-dist gaussian:mean=M,std=S",
    "--prompt-input-tokens-mean": "--input-len N",
    "--random-seed": "--seed N",
    "--request-count": "--num-requests N",
    "--request-rate-mode": "--arrival LAW",
    "--request-timeout-seconds": "--timeout 60s",
    "--reset-kv-cache": "--reset-prefix-cache",
    "--service-kind": "it is an OpenAI-style server unless --backend says otherwise",
    "--streaming": _STREAMS,
    "--synthetic-input-tokens-mean": "--input-len N",
    "--synthetic-input-tokens-stddev": "--input-dist gaussian:mean=M,std=S",
    "--system-prompt-length": "--prefix-len N, with --prefix-role system",
    "--warmup-request-count": "--warmup N",
    # GuideLLM
    "--backend-args": "--extra-body JSON",
    "--max-concurrent": "--concurrency N",
    "--max-error-rate": "--fail-on 'error_rate>0.05'",
    "--max-errors": "--fail-on 'error_rate>0.05'",
    "--max-requests": "--num-requests N",
    "--max-seconds": "--duration 5m",
    "--output-path": _RUN_FOLDER,
    "--processor": "--tokenizer NAME",
    "--rate-type": "--arrival constant or --arrival poisson; a closed loop has --concurrency alone",
    "--target": "--url URL",
    # evalscope perf, llmperf, AISBench
    "--max-num-completed-requests": "--num-requests N",
    "--max-prompt-length": "--input-dist uniform:A-B",
    "--max-tokens": "--output-len N",
    "--mean-input-tokens": "--input-len N",
    "--mean-output-tokens": "--output-len N",
    "--min-prompt-length": "--input-dist uniform:A-B",
    "--num-concurrent-requests": "--concurrency N",
    "--number": "--num-requests N",
    "--parallel": "--concurrency N",
    "--qps": "--rate RPS",
    "--read-timeout": "--timeout 60s",
    "--rps": "--rate RPS",
    "--stddev-input-tokens": "--input-dist gaussian:mean=M,std=S",
    "--tokenizer-path": "--tokenizer FOLDER",
    # Names that nobody has and many try
    "--batch": "--concurrency N",
    "--dry-run": "`aisbench plan` draws what would be sent and sends nothing",
    "--headers": "--header NAME:VALUE",
    "--key": "--api-key KEY",
    "--no-verify": "--insecure",
    "--output": _RUN_FOLDER,
    "--output-dir": _RUN_FOLDER,
    "--quiet": "--no-progress",
    "--time": "--duration 30s",
    "--token": "--api-key KEY",
    "--verbose": "the run folder's logs/ and report.html hold all there is",
    "--verify": "certificates are checked unless --insecure is given",
}


def advice(name: str, known: list[str]) -> str:
    """What to give instead of the option `name`, which is none of `known`; empty where nothing comes to mind."""
    foreign = FOREIGN.get(name.replace("_", "-"), "")
    if not foreign.startswith("--"):
        if foreign:
            return foreign
    # Not every command has what another tool's flag stands for.
    elif foreign.split()[0].rstrip(":") in known:
        return f"give {foreign}"
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75) if name.startswith("--") else []
    return f"did you mean {near[0]}?" if near else ""
