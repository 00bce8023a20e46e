"""The `random-rerank` data set: one random query and documents to rank against it, as in vLLM 0.32.

Half of --input-len, less one separator token, goes to the query, the rest to each document; both vary by
--range-ratio. --batch-size documents go into a request; --num-requests counts the documents, as in vLLM.
With --no-reranker all texts have the whole length, and the query counts as one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.generated.random import (
    INPUT_LEN,
    length_range,
    neighbours,
    vocabulary_fixer,
)
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.length_fix import Fixing
from aisbench.workload.tokens.tokenizers import allowed_ids, load_tokenizer
from aisbench.workload.tokens.words import WORDS

SEPARATORS = 1
_BATCH = 64


def rerank_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a backend that generates, and for lengths that leave a text empty."""
    if backend.generates:
        raise BadInput(
            f"--dataset random-rerank: {backend.family} gives no scores; use a reranking backend (vllm-rerank)"
        )
    documents = DEFAULT_COUNT if options.count is None else options.count
    size = options.batch_size or 1
    pairs = not options.no_reranker
    separators = SEPARATORS if pairs else 0
    if not pairs:
        if documents < 2 or size < 2:
            raise BadInput(
                "--no-reranker counts the query as a text: give --num-requests and --batch-size of at least 2"
            )
        documents, size = documents - 1, size - 1
    source: _Words | Tokens = _Words(options) if options.tokenizer is None else Tokens(options)
    input_len = INPUT_LEN if options.input_len is None else options.input_len
    generator = source.generator
    ratio = options.range_ratio[0]

    def drawn(length: int, count: int) -> tuple[list[int], list[int]]:
        """Lengths and starts, in vLLM's order of draws; vLLM's output lengths of one token need no draw."""
        low, high = length_range(max(0, length - source.special), ratio, 0)
        if low < 1:
            raise BadInput(
                f"--input-len {input_len} leaves no tokens for the query or the documents; give a longer one"
            )
        lengths = generator.integers(low, high + 1, size=count).tolist()
        return lengths, generator.integers(0, source.vocabulary, size=count).tolist()

    query_lengths, query_starts = drawn(input_len // 2 - separators if pairs else input_len, 1)
    lengths, starts = drawn(input_len - query_lengths[0] - separators if pairs else input_len, documents)

    def items() -> Iterator[Prompt]:
        query, query_tokens = source.texts([(query_starts[0], query_lengths[0])])[0]
        made: list[tuple[str, int]] = []
        for first in range(0, documents, size):
            while len(made) < min(size, documents - first):
                at = first + len(made)
                runs = range(at, min(at + max(_BATCH, size), documents))
                made += source.texts([(starts[i] + i + 1, lengths[i]) for i in runs])
            batch, made = made[:size], made[size:]
            tokens = sum(count for _, count in batch)
            tokens += (query_tokens + separators) * len(batch) if pairs else query_tokens
            texts = tuple(text for text, _ in batch)
            yield Prompt(query, tokens, None, documents=texts, texts=() if pairs else (query, *texts))

    return Prompts(items(), -(-documents // size), [source.note])


class Tokens:
    """Texts of neighbouring tokens in a vocabulary, corrected to their lengths."""

    def __init__(self, options: WorkloadOptions) -> None:
        tokenizer: Any = load_tokenizer(str(options.tokenizer), trust_remote_code=options.trust_remote_code)
        self.generator = np.random.default_rng(options.seed)
        self.special = int(tokenizer.num_special_tokens_to_add())
        self.vocabulary = int(tokenizer.vocab_size)
        self.allowed = allowed_ids(tokenizer, options.tokenizer)
        self.fixer = vocabulary_fixer(tokenizer, self.generator)
        self.note = f"texts have the lengths of tokenizer {options.tokenizer}"

    def texts(self, runs: list[tuple[int, int]]) -> list[tuple[str, int]]:
        fixings = [Fixing(neighbours(self.allowed, start, length), length) for start, length in runs]
        self.fixer.fix(fixings)
        return [(fixing.text, len(fixing.ids)) for fixing in fixings]


class _Words:
    """Texts of neighbouring words in the built-in list, one token each."""

    note = "no --tokenizer was given: texts are words of a built-in list, one token each"
    special = 0
    vocabulary = len(WORDS)

    def __init__(self, options: WorkloadOptions) -> None:
        self.generator = np.random.default_rng(options.seed)

    def texts(self, runs: list[tuple[int, int]]) -> list[tuple[str, int]]:
        return [
            (" ".join(WORDS[(start + j) % len(WORDS)] for j in range(length)), length)
            for start, length in runs
        ]
