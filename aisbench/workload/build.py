"""From options to the file of encoded bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.workload.bodies import Bodies, write_bodies
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.registry import dataset_named

Progress = Callable[[int, int], None]
PROGRESS_EVERY = 64


@dataclass(frozen=True)
class Workload:
    """The bodies in their file, what was planned for each, and what the user should know about them.

    `prompt_tokens`, `max_tokens`: int32, shape (bodies.count,), also beside the bodies as `.npy` files.
    """

    bodies: Bodies
    prompt_tokens: NDArray[np.int32]
    max_tokens: NDArray[np.int32]
    notes: list[str]


def build_workload(
    options: WorkloadOptions, backend: Backend, directory: Path, progress: Progress | None = None
) -> Workload:
    """Makes the prompts and writes `bodies.bin`, `prompt_tokens.npy` and `max_tokens.npy` into `directory`.

    `progress(done, total)` is called now and then, the last time with done == total. Raises BadInput
    for options that make no workload.
    """
    options.check()
    dataset = dataset_named(options.dataset)
    prompts = dataset.make(options, backend)
    ignore_eos = dataset.ignores_eos if options.ignore_eos is None else options.ignore_eos
    body_options = BodyOptions(options.model, ignore_eos, options.temperature, options.extra_body)
    prompt_tokens = np.zeros(options.count, dtype=np.int32)
    max_tokens = np.zeros(options.count, dtype=np.int32)

    def encoded() -> Iterator[bytes]:
        for i, prompt in enumerate(prompts.items):
            prompt_tokens[i] = prompt.prompt_tokens
            max_tokens[i] = prompt.output_tokens
            yield backend.body(prompt, body_options)
            done = i + 1
            if progress is not None and (done % PROGRESS_EVERY == 0 or done == options.count):
                progress(done, options.count)

    bodies = write_bodies(directory / "bodies.bin", encoded(), options.count)
    np.save(directory / "prompt_tokens.npy", prompt_tokens)
    np.save(directory / "max_tokens.npy", max_tokens)
    return Workload(bodies, prompt_tokens, max_tokens, prompts.notes)
