"""The `random` data set: random prompts of exact lengths.

With a tokenizer, prompts are byte for byte those of `vllm bench serve --dataset-name random` 0.32, for the same
tokenizer, seed, count, lengths, range ratio and prefix. They are sent as text, as by vLLM, so the server's own
encoding decides their length. With --token-ids, the drawn ids are sent instead, and lengths are exact with any
vocabulary. Without a tokenizer, prompts are words from a built-in list that are one token each in the usual
vocabularies.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.length_fix import Fixing, LengthFixer
from aisbench.workload.tokens.tokenizers import allowed_ids, load_tokenizer
from aisbench.workload.tokens.vocabulary_text import Run, vocabulary_text
from aisbench.workload.tokens.words import WORDS

# Prompts are made in batches of about this many tokens: enough to keep all cores busy encoding, and
# few enough to keep memory small and progress visible.
BATCH_TOKENS = 1 << 16
INPUT_LEN, OUTPUT_LEN = 1024, 128


def random_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for lengths that allow an empty prompt, and for --token-ids without a tokenizer or a backend
    that takes ids."""
    if options.token_ids and not backend.takes_token_ids:
        raise BadInput(
            f"--token-ids: {backend.family} takes no token ids; use --backend openai (v1/completions)"
        )
    if options.tokenizer is None and options.token_ids:
        raise BadInput("--token-ids needs a vocabulary; give one with --tokenizer")
    if (options.batch_size or 1) > 1 and (backend.generates or options.token_ids):
        raise BadInput(
            f"--batch-size {options.batch_size}: only embedding backends (such as --backend openai-embeddings) "
            "take several texts per request, and they take no token ids"
        )
    if options.tokenizer is None:
        return _in_batches(word_prompts(options), options.batch_size or 1)
    tokenizer = load_tokenizer(options.tokenizer, trust_remote_code=options.trust_remote_code)
    if options.token_ids:
        return id_prompts(tokenizer, options)
    return _in_batches(text_prompts(tokenizer, options), options.batch_size or 1)


def _in_batches(prompts: Prompts, size: int) -> Prompts:
    """Groups `size` texts into each request, fewer in the last; as in vLLM, --num-requests then counts texts."""
    if size == 1:
        return prompts

    def items() -> Iterator[Prompt]:
        while batch := list(itertools.islice(prompts.items, size)):
            yield Prompt(
                "", sum(one.prompt_tokens for one in batch), None, texts=tuple(one.text for one in batch)
            )

    return replace(prompts, items=items(), count=-(-prompts.count // size))


@dataclass(frozen=True)
class _Shape:
    """The number of prompts and their lengths in tokens, with the defaults of `vllm bench serve`."""

    count: int
    input_len: int
    output_len: int
    range_ratio: tuple[float, float]
    prefix_len: int

    @staticmethod
    def of(options: WorkloadOptions) -> _Shape:
        return _Shape(
            options.count or DEFAULT_COUNT,
            INPUT_LEN if options.input_len is None else options.input_len,
            OUTPUT_LEN if options.output_len is None else options.output_len,
            options.range_ratio,
            options.prefix_len or 0,
        )


@dataclass(frozen=True)
class _Lengths:
    """Inner prompt lengths (prefix not counted) and output lengths, tokens, int64, shape (count,)."""

    inner: NDArray[np.int64]
    output: NDArray[np.int64]


def length_range(length: int, ratio: float, least: int) -> tuple[int, int]:
    """From floor(length * (1 - ratio)) to ceil(length * (1 + ratio)), both at least `least`."""
    return max(least, math.floor(length * (1 - ratio))), max(least, math.ceil(length * (1 + ratio)))


def _draw_lengths(generator: np.random.Generator, shape: _Shape, special_tokens: int) -> _Lengths:
    """vLLM's draws, in its order: first all input lengths, then all output lengths.

    `special_tokens`: how many tokens the server adds to a text; they count as input.
    """
    in_low, in_high = length_range(max(0, shape.input_len - special_tokens), shape.range_ratio[0], 0)
    out_low, out_high = length_range(shape.output_len, shape.range_ratio[1], 1)
    if shape.prefix_len + in_low < 1:
        raise BadInput(
            f"--input-len {shape.input_len} with this tokenizer and --range-ratio can give prompts "
            "without a token; give a longer --input-len or a --prefix-len"
        )
    inner = generator.integers(in_low, in_high + 1, size=shape.count)
    output = generator.integers(out_low, out_high + 1, size=shape.count)
    return _Lengths(inner, output)


def word_prompts(options: WorkloadOptions) -> Prompts:
    """Prompts of words, each taken as one token; the same for the same seed on every machine."""
    generator = np.random.default_rng(options.seed)
    shape = _Shape.of(options)
    lengths = _draw_lengths(generator, shape, 0)
    words = np.array(WORDS, dtype=object)

    def drawn(count: int) -> list[str]:
        chosen: list[str] = words[generator.integers(0, len(words), size=count)].tolist()
        return chosen

    def items() -> Iterator[Prompt]:
        prefix = drawn(shape.prefix_len)
        for inner, output in zip(lengths.inner.tolist(), lengths.output.tolist(), strict=True):
            yield Prompt(" ".join(prefix + drawn(inner)), shape.prefix_len + inner, output)

    note = (
        "no --tokenizer was given: prompts are words of a built-in list, and their lengths are in words "
        "(one token each in the usual vocabularies)"
    )
    return Prompts(items(), shape.count, [note])


class _DrawnIds:
    """The token ids that vLLM draws for its random prompts, before any text is made of them."""

    def __init__(self, tokenizer: Any, options: WorkloadOptions, special_tokens: int) -> None:
        self.generator = np.random.default_rng(options.seed)
        self.shape = _Shape.of(options)
        self.lengths = _draw_lengths(self.generator, self.shape, special_tokens)
        vocabulary = int(tokenizer.vocab_size)
        self.starts = self.generator.integers(0, vocabulary, size=self.shape.count)
        self.allowed = allowed_ids(tokenizer, options.tokenizer)
        self.prefix: list[int] = []
        if self.shape.prefix_len:
            drawn = self.generator.integers(0, len(self.allowed), size=self.shape.prefix_len)
            self.prefix = self.allowed[drawn].tolist()

    def inner(self, i: int) -> list[int]:
        """The ids of prompt i after the prefix: a run of neighbours in the vocabulary, from a random start."""
        run = self.run(i)
        return neighbours(self.allowed, run.start, run.length)

    def run(self, i: int) -> Run:
        return Run((int(self.starts[i]) + i) % len(self.allowed), int(self.lengths.inner[i]))


def neighbours(allowed: NDArray[np.int64], start: int, length: int) -> list[int]:
    """`length` ids from position `start` of `allowed`, wrapping around at its end."""
    ids: list[int] = allowed[(np.arange(length) + start) % len(allowed)].tolist()
    return ids


def text_prompts(tokenizer: Any, options: WorkloadOptions) -> Prompts:
    """vLLM's random prompts, each with the length of its last encoding.

    As in vLLM, that is not the requested length if ten corrections did not reach it.
    """
    ids = _DrawnIds(tokenizer, options, int(tokenizer.num_special_tokens_to_add()))
    notes = [f"prompts are sent as text; lengths are those of tokenizer {options.tokenizer}"]
    fixer = vocabulary_fixer(tokenizer, ids.generator)
    shape = ids.shape

    def items() -> Iterator[Prompt]:
        missed = 0
        prefix = ids.prefix
        if prefix:
            fixing = Fixing(prefix, len(prefix))
            fixer.fix([fixing])
            prefix = fixing.ids
        inner = ids.lengths.inner
        longest = int(inner.max(initial=1))
        fixer.vocabulary = vocabulary_text(fixer.codec, ids.allowed, longest, int(inner.sum()))
        size = max(1, BATCH_TOKENS // (shape.prefix_len + longest))
        for first in range(0, shape.count, size):
            batch = [
                Fixing(prefix + ids.inner(i), shape.prefix_len + int(inner[i]), ids.run(i))
                for i in range(first, min(first + size, shape.count))
            ]
            fixer.fix(batch)
            missed += sum(item.missing != 0 for item in batch)
            for i, item in enumerate(batch, first):
                yield Prompt(item.text, len(item.ids), int(ids.lengths.output[i]))
        if missed:
            notes.append(
                f"{missed} of {shape.count} prompts do not have the requested length, as this tokenizer encodes "
                "their text to other tokens (vLLM keeps such prompts, too)"
            )

    return Prompts(items(), shape.count, notes)


def vocabulary_fixer(tokenizer: Any, generator: np.random.Generator) -> LengthFixer:
    vocabulary = int(tokenizer.vocab_size)
    return LengthFixer(tokenizer, lambda count: generator.integers(0, vocabulary, size=count).tolist())


def id_prompts(tokenizer: Any, options: WorkloadOptions) -> Prompts:
    """The same draws, sent as ids. A server adds no special tokens to ids, so none are subtracted."""
    ids = _DrawnIds(tokenizer, options, 0)

    def items() -> Iterator[Prompt]:
        for i, output in enumerate(ids.lengths.output.tolist()):
            sent = (*ids.prefix, *ids.inner(i))
            yield Prompt("", len(sent), output, sent)

    note = f"prompts are sent as token ids of tokenizer {options.tokenizer}: their lengths are exact"
    return Prompts(items(), ids.shape.count, [note])
