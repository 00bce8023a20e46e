"""Data sets by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.burstgpt import burstgpt_prompts
from aisbench.workload.custom import custom_prompts
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prefix_repetition import prefix_prompts
from aisbench.workload.prompts import Prompts
from aisbench.workload.random import random_prompts
from aisbench.workload.rerank import rerank_prompts
from aisbench.workload.sharegpt import sharegpt_prompts


@dataclass(frozen=True)
class Dataset:
    """`make` gives the prompts, or raises BadInput for options that it cannot follow.

    `about`: one line on what it is. `options`: the flags that it heeds beside those that all do (--seed,
    --num-requests, --tokenizer, --extra-body, ...). `ignores_eos`: the answer is to have its full length
    although the text makes no sense, so the server is asked not to stop at an end-of-sequence token,
    unless --no-ignore-eos says otherwise.
    """

    make: Callable[[WorkloadOptions, Backend], Prompts]
    about: str
    options: tuple[str, ...]
    ignores_eos: bool


RANDOM = ("--input-len", "--output-len", "--range-ratio", "--prefix-len", "--token-ids", "--batch-size")
PREFIXES = Dataset(
    prefix_prompts,
    "prefixes that many prompts share, and a suffix of each; those of vllm bench serve, byte for byte",
    ("--prefix-len", "--suffix-len", "--num-prefixes", "--output-len", "--prefix-role", "--shuffle"),
    ignores_eos=False,
)

DATASETS: dict[str, Dataset] = {
    "random": Dataset(
        random_prompts,
        "prompts of exact lengths that nobody has asked before; those of vllm bench serve, byte for byte",
        RANDOM,
        ignores_eos=True,
    ),
    "random-rerank": Dataset(
        rerank_prompts,
        "a random query and documents to weigh against it; those of vllm bench serve, byte for byte",
        ("--input-len", "--range-ratio", "--batch-size"),
        ignores_eos=False,
    ),
    "prefix-repetition": PREFIXES,
    "prefix_repetition": PREFIXES,
    "sharegpt": Dataset(
        sharegpt_prompts,
        "first turns of recorded conversations (JSON); those of vllm bench serve, byte for byte",
        ("--dataset-path", "--output-len", "--shuffle", "--oversample"),
        ignores_eos=False,
    ),
    "custom": Dataset(
        custom_prompts,
        "prompts of a JSON-lines file, shuffled, in the chat template; those of vllm bench serve",
        ("--dataset-path", "--output-len", "--shuffle", "--oversample", "--chat-template"),
        ignores_eos=False,
    ),
    "burstgpt": Dataset(
        burstgpt_prompts,
        "lengths sampled from a BurstGPT CSV file; the prompts of vllm bench serve, byte for byte",
        ("--dataset-path",),
        ignores_eos=False,
    ),
}


def dataset_named(name: str) -> Dataset:
    """Raises BadInput, with the known names and the nearest, for an unknown one."""
    if name in DATASETS:
        return DATASETS[name]
    near = difflib.get_close_matches(name.lower(), DATASETS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise BadInput(f"--dataset {name!r} is unknown; {hint}known: {', '.join(DATASETS)}")
