"""Flags of other load generators, each with our flag for it or the reason why there is none.

The flags of `vllm bench serve` are not here, because they are options. A value that begins with -- names our flag.
"""

from __future__ import annotations

import difflib

_STREAMS = "answers are streamed unless --no-stream is given"
_RUN_FOLDER = "--work-dir DIR: each run has its own folder there"

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
    "--vus": "--concurrency N",
    # sglang's bench_serving
    "--apply-chat-template": "--chat-template",
    "--cache-report": "the server's prefix cache is reported if it can be read",
    "--disable-ignore-eos": "--no-ignore-eos",
    "--disable-stream": "--no-stream",
    "--extra-request-body": "--extra-body JSON",
    "--flush-cache": "--reset-prefix-cache",
    "--gsp-group-distribution": "--prefix-popularity zipf:S, with --dataset prefix-repetition",
    "--gsp-num-groups": "--num-prefixes N, with --dataset prefix-repetition",
    "--gsp-output-len": "--output-len N, with --dataset prefix-repetition",
    "--gsp-ordered": "--prefix-order grouped, with --dataset prefix-repetition",
    "--gsp-prewarm-prefixes": "--fill-prefixes with --dataset prefix-repetition",
    "--gsp-question-len": "--suffix-len N, with --dataset prefix-repetition",
    "--gsp-system-prompt-len": "--prefix-len N, with --dataset prefix-repetition",
    "--lora-name": "--lora-modules NAME...",
    "--output-details": "--save-detailed",
    "--output-file": _RUN_FOLDER,
    "--prompt-suffix": "prompts have no suffix; put it into your own data set",
    "--return-logprob": "--extra-body '{\"logprobs\": 1}'",
    "--warmup-requests": "--warmup N",
    # AIPerf and genai-perf
    "--artifact-dir": _RUN_FOLDER,
    "--benchmark-duration": "--duration 5m",
    "--benchmark-grace-period": "--grace 30s",
    "--concurrency-ramp-duration": "--concurrency-ramp TIME",
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
    "--num-users": "--users N, with --user-rate RPS",
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
    "--service-kind": "the server is OpenAI-style unless --backend names another",
    "--streaming": _STREAMS,
    "--synthetic-input-tokens-mean": "--input-len N",
    "--synthetic-input-tokens-stddev": "--input-dist gaussian:mean=M,std=S",
    "--system-prompt-length": "--prefix-len N, with --prefix-role system",
    "--user-centric-rate": "--user-rate RPS, with --users N",
    "--warmup-duration": "--warmup-time 30s",
    "--warmup-request-count": "--warmup N",
    # GuideLLM
    "--backend-args": "--extra-body JSON",
    "--max-concurrent": "--concurrency N",
    "--max-errors": "--fail-on 'error_rate>0.05'",
    "--max-requests": "--num-requests N",
    "--max-seconds": "--duration 5m",
    "--output-path": _RUN_FOLDER,
    "--processor": "--tokenizer NAME",
    "--rate-type": "--arrival constant or --arrival poisson; for a closed loop, --concurrency alone",
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
    # Names that no tool has but many people try
    "--batch": "--concurrency N",
    "--dry-run": "`aisbench plan` draws when requests would be sent, and sends nothing",
    "--headers": "--header NAME:VALUE",
    "--key": "--api-key KEY",
    "--no-verify": "--insecure",
    "--output": _RUN_FOLDER,
    "--output-dir": _RUN_FOLDER,
    "--quiet": "--no-progress",
    "--time": "--duration 30s",
    "--token": "--api-key KEY",
    "--verbose": "all details are in the run folder's logs/ and report.html",
    "--verify": "certificates are checked unless --insecure is given",
}


def advice(name: str, known: list[str]) -> str:
    """What to give instead of the unknown option `name`; empty if nothing is close. `known`: the command's flags."""
    foreign = FOREIGN.get(name.replace("_", "-"), "")
    if not foreign.startswith("--"):
        if foreign:
            return foreign
    # The command may not have our flag for it.
    elif foreign.split()[0].rstrip(":") in known:
        return f"give {foreign}"
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75) if name.startswith("--") else []
    return f"did you mean {near[0]}?" if near else ""
