"""Small workloads and arrival plans, each as one fingerprint that must be the same on every Python, NumPy and machine.

`python -m tests.workload.repeatable` prints those of this Python.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.engine.plan import make_plan
from aisbench.workload.build import build_workload
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.recipe import Recipe

_COUNT = 40
_SHAREGPT = [
    {
        "id": str(i),
        "conversations": [
            {"from": "human", "value": f"question {i} " * (4 + i % 3)},
            {"from": "gpt", "value": "an answer " * (3 + i % 5)},
        ],
    }
    for i in range(12)
]
_LINES = [
    {"prompt": f"say {i}", "output_tokens": 1 + i % 4, "body": {"top_k": i, "min_p": 0.1}} for i in range(5)
]
_MOONCAKE = [
    {"session_id": "a", "timestamp": 0, "input_length": 10, "output_length": 3, "hash_ids": [1, 2, 3]},
    {"session_id": "b", "timestamp": 250, "input_length": 4, "output_length": 3, "hash_ids": [1]},
    {"session_id": "a", "delay": 500, "input_length": 6, "output_length": 2, "hash_ids": [1, 9]},
    {"timestamp": 900, "input_length": 4, "output_length": 3, "hash_ids": [1]},
]
_AZURE = [f"2024-05-10 00:00:0{i}.5{i}00000,{10 + 7 * i % 5},{2 + i % 3}\n" for i in range(8)]
_TURNS = [{"role": role, "content": f"{role} {i}"} for i in range(3) for role in ("user", "assistant")]
_SONNET = "".join(f"line {i} of a poem about the number {i * i}\n" for i in range(30))

# Name: backend, and the options of the workload; those ending in _FILE are the text of its file.
WORKLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "random": ("openai", {"input_len": 16, "range_ratio": (0.5, 0.5), "prefix_len": 7}),
    "random, all seeds differ": ("openai", {"input_len": 16, "seed": (1 << 32) - 1}),
    "chat, modules drawn": ("openai-chat", {"input_len": 5, "lora_modules": ("a", "b", "c")}),
    "cached beginnings": (
        "openai",
        {"input_len": 32, "random_cache_hit_fraction": 0.5, "random_cache_ratio": 0.5},
    ),
    "a batch": ("openai-embeddings", {"input_len": 8, "batch_size": 4}),
    "rerank": ("vllm-rerank", {"dataset": "random-rerank", "input_len": 12, "batch_size": 3}),
    "uniform lengths": (
        "openai",
        {"dataset": "synthetic", "input_dist": "uniform:3-90", "output_dist": "fixed:7"},
    ),
    "gaussian lengths": (
        "openai",
        {"dataset": "synthetic", "input_dist": "gaussian:mean=50,std=20,min=1,max=90"},
    ),
    "zipf lengths": ("openai", {"dataset": "synthetic", "input_dist": "zipf:alpha=1.2,min=1,max=90"}),
    "lengths by percentiles": (
        "openai",
        {"dataset": "synthetic", "input_dist": "percentiles:50=10,90=80,99=200"},
    ),
    "prefixes": (
        "openai",
        {"dataset": "prefix-repetition", "prefix_len": 20, "suffix_len": 6, "num_prefixes": 5},
    ),
    "popular prefixes": (
        "openai-chat",
        {
            "dataset": "prefix-repetition",
            "prefix_len": 20,
            "suffix_len": 6,
            "num_prefixes": 5,
            "prefix_popularity": "zipf:1.1",
            "prefix_order": "random",
            "fill_prefixes": True,
        },
    ),
    "conversations": (
        "openai-chat",
        {"dataset": "conversations", "input_len": 6, "turns": 3, "think_time_s": 0.25},
    ),
    "sharegpt": ("openai", {"dataset": "sharegpt", "FILE": json.dumps(_SHAREGPT), "count": 30}),
    "jsonl": ("openai-chat", {"dataset": "jsonl", "FILE": "".join(f"{json.dumps(one)}\n" for one in _LINES)}),
    "custom": (
        "openai",
        {
            "dataset": "custom",
            "FILE": "".join(f"{json.dumps(one)}\n" for one in _LINES),
            "chat_template": False,
        },
    ),
    "sonnet": ("openai-chat", {"dataset": "sonnet", "FILE": _SONNET, "input_len": 60, "prefix_len": 20}),
    "a trace with sessions": (
        "openai-chat",
        {
            "dataset": "trace",
            "block_size": 4,
            "count": None,
            "FILE": "".join(f"{json.dumps(one)}\n" for one in _MOONCAKE),
        },
    ),
    "a trace of lengths": (
        "openai",
        {
            "dataset": "trace",
            "count": None,
            "FILE": "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(_AZURE),
        },
    ),
    "images": ("openai-chat", {"dataset": "images", "input_len": 4, "image_size": "70x50", "count": 4}),
}

PLANS: dict[str, dict[str, Any]] = {
    "constant": {"rate": 70.0, "arrival": "constant"},
    "poisson": {"rate": 70.0},
    "gamma, in bursts": {"rate": 70.0, "burstiness": 0.3},
    "gamma, even": {"rate": 70.0, "burstiness": 3.0},
    "a linear ramp": {"ramp_up": "linear", "ramp_from": 5.0, "ramp_to": 500.0},
    "an exponential ramp": {"ramp_up": "exponential", "ramp_from": 5.0, "ramp_to": 500.0},
    "steps": {"rate_steps": "10x5s,40x5s"},
    "a sine": {"rate_sine": "60,40,7s"},
    "bursts": {"burst": "30x2s"},
    "a closed loop": {"concurrency": 9},
}


def options_of(name: str, folder: Path) -> tuple[WorkloadOptions, Backend]:
    """The options of one of WORKLOADS, whose file is written into `folder`, and its backend."""
    backend, given = WORKLOADS[name]
    given = {"count": _COUNT, "model": "m", "output_len": None, "seed": 11, **given}
    content = given.pop("FILE", None)
    if content is not None:
        (folder / "rows.txt").write_text(content)
        given["dataset_path"] = str(folder / "rows.txt")
    return WorkloadOptions(**given), backend_named(backend)


def fingerprint_of_workload(name: str, folder: Path) -> str:
    """Of the bodies, the lengths, the times, the sessions, and the requests before the run; 16 hexadecimal digits."""
    made = build_workload(Recipe(*options_of(name, folder), warm_up=3), folder)
    talks = made.prompts.conversations
    digest = hashlib.sha256(made.bodies.fingerprint.encode())
    for part in (
        *(made.prompt_tokens, made.max_tokens, made.prompts.arrivals_ns),
        *(() if talks is None else (getattr(talks, field.name) for field in fields(talks))),
    ):
        digest.update(b"-" if part is None else np.asarray(part, "<i8").tobytes())
    for body in (*made.warm_up, *made.fill):
        digest.update(body)
    return digest.hexdigest()[:16]


def fingerprint_of_plan(name: str) -> str:
    """Of the times of 2,000 requests, in ns from the start; 16 hexadecimal digits."""
    config = RunConfig(**{"num_requests": 2000, "seed": 11, **PLANS[name]}).expanded()
    return make_plan(config, Prompts(iter(()), 2000)).fingerprint[:16]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        one: Callable[[str], str] = lambda name: fingerprint_of_workload(name, Path(folder))  # noqa: E731
        for names, made in ((WORKLOADS, one), (PLANS, fingerprint_of_plan)):
            for name in names:
                print(f'    "{name}": "{made(name)}",')


if __name__ == "__main__":
    main()
