"""The `random` data set with a prefix that a part of the prompts share, as in vLLM's Rust client (`--random-cache-...`).

A prompt is warm with probability F. Warm prompts of L tokens begin with round(L * R) tokens of one prefix, of
ceil(R * longest L) tokens; the others share nothing. So a prefix cache finds about F * R of all tokens, less the first
warm prompt and partial blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.generated.random import INPUT_LEN, OUTPUT_LEN, length_range, random_prompts
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prefixes.options import BLOCK
from aisbench.workload.prefixes.sharing import expected_note, found_tokens
from aisbench.workload.prefixes.vocabulary import Vocabulary
from aisbench.workload.prompts import Prompts


def any_random_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Random prompts, with a shared prefix if both options ask for one. Raises BadInput for options that do not fit."""
    fraction, ratio = options.random_cache_hit_fraction, options.random_cache_ratio
    if fraction is None and ratio is None:
        return random_prompts(options, backend)
    if fraction is None or ratio is None:
        raise BadInput(
            "--random-cache-hit-fraction and --random-cache-ratio go together: which share of the prompts is warm, and "
            "how much of a warm prompt is in the cache; give both"
        )
    if options.prefix_len:
        raise BadInput("--random-cache-ratio sets the length of the prefix; leave out --prefix-len")
    if (options.batch_size or 1) > 1:
        raise BadInput("--random-cache-ratio is for requests of one prompt; leave out --batch-size")
    return _cached_prompts(options, backend, fraction, ratio)


def _cached_prompts(options: WorkloadOptions, backend: Backend, fraction: float, ratio: float) -> Prompts:
    vocabulary = Vocabulary.of(options, backend)
    generator = np.random.default_rng(options.seed)
    count = DEFAULT_COUNT if options.count is None else options.count
    low, high = length_range(
        INPUT_LEN if options.input_len is None else options.input_len, options.range_ratio[0], 1
    )
    out_low, out_high = length_range(
        OUTPUT_LEN if options.output_len is None else options.output_len, options.range_ratio[1], 1
    )
    lengths = generator.integers(low, high + 1, size=count)
    outputs = generator.integers(out_low, out_high + 1, size=count)
    warm = generator.random(count) < fraction
    prefix = vocabulary.drawn(generator, math.ceil(high * ratio))
    shared = np.where(warm, np.minimum(np.rint(lengths * ratio).astype(np.int64), len(prefix)), 0)
    marks = vocabulary.distinct(generator)

    def items() -> Iterator[Prompt]:
        rows = zip(lengths.tolist(), shared.tolist(), outputs.tolist(), strict=True)
        for i, (length, tokens, output) in enumerate(rows):
            rest = vocabulary.drawn(generator, length - tokens)
            rest[:1] = marks[i % len(marks)]
            text, ids = vocabulary.sent(np.concatenate([prefix[:tokens], rest]))
            yield Prompt(text, length, output, ids)

    found = found_tokens(np.zeros(count, dtype=np.int64), shared // BLOCK, BLOCK, filled=False)
    notes = [
        vocabulary.note,
        f"{int(warm.sum())} of {count} prompts are warm: they begin with the same prefix",
        expected_note(found, int(lengths.sum()), BLOCK),
    ]
    return Prompts(items(), count, notes)
