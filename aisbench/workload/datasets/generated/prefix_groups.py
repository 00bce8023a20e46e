"""The `prefix-repetition` data set where it goes beyond vLLM's client: how often and in what order prefixes are used, how
much of the prompts a prefix cache finds, and requests that fill it beforehand.

Prompts are words that are one token each, so that a text has the same tokens whatever it is joined of. With --token-ids
they are ids of the tokenizer's vocabulary. The first token after a prefix differs from prompt to prompt as far as the
vocabulary goes, so that no more than the prefix is ever found, even in blocks of one token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.generated.prefix_repetition import (
    NUM_PREFIXES,
    OUTPUT_LEN,
    PREFIX_LEN,
    SUFFIX_LEN,
    check_role,
    vllms_prefix_prompts,
)
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prefixes.grouping import in_order, shares, weights_of
from aisbench.workload.prefixes.options import BLOCK, RANDOM
from aisbench.workload.prefixes.scenario import scenario_options
from aisbench.workload.prefixes.sharing import Ints, expected_note, found_tokens, longest_of, shared_blocks
from aisbench.workload.prefixes.vocabulary import Vocabulary
from aisbench.workload.prompts import Prompts


def prefix_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """As `vllm bench serve` makes them, unless an option asks for more. Raises BadInput for options that do not fit."""
    if options.asks_for_groups or options.token_ids:
        return _grouped_prompts(options, backend)
    if options.input_len is not None:
        raise BadInput(
            "--input-len is the length of the whole prompt, of which --prefix-hit-rate makes a part the prefix; "
            "give both, or --prefix-len and --suffix-len"
        )
    if options.block_size is not None:
        raise BadInput("--block-size goes with --prefix-hit-rate here; give both, or neither")
    return vllms_prefix_prompts(options, backend)


def scenario_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """The prompts of a scenario file of AISBench's prefix-cache plugin. Raises BadInput if it cannot be followed."""
    made, notes = scenario_options(options)
    prompts = _grouped_prompts(made, backend)
    prompts.notes[:0] = notes
    return prompts


def _grouped_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    prefix_len, length = _lengths(options)
    check_role(options, backend, (prefix_len, length - prefix_len))
    if options.system_prompt:
        raise BadInput(
            "--system-prompt moves the blocks of shared prefixes; leave it out, or send each prefix as the system message "
            "with --prefix-role system"
        )
    vocabulary = Vocabulary.of(options, backend)
    generator = np.random.default_rng(options.seed)
    block = options.block_size or BLOCK
    count = DEFAULT_COUNT if options.count is None else options.count
    weights = weights_of(options.prefix_popularity, options.num_prefixes, NUM_PREFIXES)
    counts = shares(count, weights)
    groups = in_order(counts, options.prefix_order or RANDOM, generator)
    if options.prefix_hit_rate is None:
        shared = np.full(count, prefix_len)
    else:
        blocks = shared_blocks(groups, length, block, options.prefix_hit_rate, filled=options.fill_prefixes)
        shared = blocks * block
    longest = longest_of(groups, shared)
    prefixes = [vocabulary.drawn(generator, int(tokens)) for tokens in longest]
    output = OUTPUT_LEN if options.output_len is None else options.output_len

    def prompt(prefix: NDArray[np.int64], suffix: NDArray[np.int64], output: int) -> Prompt:
        text, ids = vocabulary.sent(np.concatenate([prefix, suffix]))
        messages: tuple[Mapping[str, Any], ...] | None = None
        if options.prefix_role == "system":
            parts = (("system", prefix), ("user", suffix))
            messages = tuple({"role": role, "content": vocabulary.sent(part)[0]} for role, part in parts)
        return Prompt(text, len(prefix) + len(suffix), output, ids, messages)

    fill = [
        prompt(prefixes[group], vocabulary.drawn(generator, 1), 1)
        for group in np.flatnonzero(counts).tolist()
        if options.fill_prefixes
    ]
    marks = vocabulary.distinct(generator)

    def items() -> Iterator[Prompt]:
        for i, (group, tokens) in enumerate(zip(groups.tolist(), shared.tolist(), strict=True)):
            suffix = vocabulary.drawn(generator, length - tokens)
            suffix[:1] = marks[i % len(marks)]
            yield prompt(prefixes[group][:tokens], suffix, output)

    found = found_tokens(groups, shared // block, block, filled=options.fill_prefixes)
    notes = [
        vocabulary.note,
        _shape(counts, shared),
        *_fills(len(fill)),
        expected_note(found, count * length, block),
    ]
    return Prompts(items(), count, notes, fill=tuple(fill))


def _lengths(options: WorkloadOptions) -> tuple[int, int]:
    """The length of each prefix, and of each prompt; with a hit rate, the first only says that there is one."""
    if options.prefix_hit_rate is not None:
        if options.prefix_len is not None or options.suffix_len is not None:
            raise BadInput(
                "--prefix-hit-rate sets the lengths of prefix and suffix itself; give --input-len, the length of both, in "
                "place of --prefix-len and --suffix-len"
            )
        length = PREFIX_LEN + SUFFIX_LEN if options.input_len is None else options.input_len
        if length == 0:
            raise BadInput("--input-len 0 leaves nothing to send; make it longer")
        return 1, length
    if options.input_len is not None:
        raise BadInput("--input-len goes with --prefix-hit-rate; give --prefix-len and --suffix-len")
    if options.block_size is not None and not options.asks_for_groups:
        raise BadInput("--block-size goes with --prefix-hit-rate here; give both, or neither")
    prefix = PREFIX_LEN if options.prefix_len is None else options.prefix_len
    suffix = SUFFIX_LEN if options.suffix_len is None else options.suffix_len
    if prefix + suffix == 0:
        raise BadInput("--prefix-len 0 and --suffix-len 0 leave nothing to send; make one of them longer")
    return prefix, prefix + suffix


def _shape(counts: Ints, shared: Ints) -> str:
    used = counts[counts > 0]
    unused = len(counts) - len(used)
    return (
        f"{len(used)} prefixes, each in {_span(used)} of {int(counts.sum())} prompts, of which {_span(shared)} tokens "
        f"are the prefix" + (f"; {unused} prefixes are too rare to be used" if unused else "")
    )


def _span(numbers: Ints) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return str(low) if low == high else f"{low} to {high}"


def _fills(count: int) -> list[str]:
    if count == 0:
        return []
    return [
        f"{count} requests before the run, one for each prefix, fill the prefix cache; they are not measured"
    ]
