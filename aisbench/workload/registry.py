"""Data sets by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.random import random_prompts


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


DATASETS: dict[str, Dataset] = {
    "random": Dataset(
        random_prompts,
        "prompts of exact lengths that nobody has asked before; those of vllm bench serve, byte for byte",
        ("--input-len", "--output-len", "--range-ratio", "--prefix-len", "--token-ids", "--batch-size"),
        ignores_eos=True,
    ),
}


def dataset_named(name: str) -> Dataset:
    """Raises BadInput, with the known names and the nearest, for an unknown one."""
    if name in DATASETS:
        return DATASETS[name]
    near = difflib.get_close_matches(name.lower(), DATASETS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise BadInput(f"--dataset {name!r} is unknown; {hint}known: {', '.join(DATASETS)}")
