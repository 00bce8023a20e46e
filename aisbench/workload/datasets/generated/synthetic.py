"""The `synthetic` data set: the two kinds of AISBench's synthetic prompts, with lengths from a distribution.

`string`: "A " over and over, without the last blank. Each is one token in the usual vocabularies, so the input length
is exact (FAQ 5.4 of AISBench). `tokenid`: random ids, sent as they are to a backend that takes ids. For other backends
they are decoded to text, which encodes to another number of ids; a note says how far off the lengths are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.generated.random import INPUT_LEN, OUTPUT_LEN
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.length_laws import parse_law
from aisbench.workload.tokens.token_counts import TokenCounter
from aisbench.workload.tokens.tokenizers import allowed_ids, load_tokenizer

BATCH_TOKENS = 1 << 16


def synthetic_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a length that is given twice, and for ids without a vocabulary."""
    generator = np.random.default_rng(options.seed)
    count = DEFAULT_COUNT if options.count is None else options.count
    inputs = _drawn_lengths(
        generator, count, ("--input-len", "--input-dist"), (options.input_len, options.input_dist), INPUT_LEN
    )
    outputs = _drawn_lengths(
        generator,
        count,
        ("--output-len", "--output-dist"),
        (options.output_len, options.output_dist),
        OUTPUT_LEN,
    )
    if options.synthetic_kind == "string":
        if options.token_ids:
            raise BadInput("--token-ids needs --synthetic-kind tokenid, as string prompts are text")
        return _string_prompts(options, inputs, outputs)
    if options.tokenizer is None:
        raise BadInput("--synthetic-kind tokenid needs a vocabulary; give one with --tokenizer")
    tokenizer = load_tokenizer(options.tokenizer, trust_remote_code=options.trust_remote_code)
    if options.token_ids and not backend.takes_token_ids:
        raise BadInput(
            f"--token-ids: {backend.family} takes no token ids; use --backend openai (v1/completions)"
        )
    allowed = allowed_ids(tokenizer, options.tokenizer)
    if backend.takes_token_ids:
        note = f"prompts are sent as token ids of tokenizer {options.tokenizer}: their lengths are exact"
        return Prompts(id_prompts(generator, allowed, inputs, outputs), count, [note])
    return _decoded_prompts(tokenizer, id_prompts(generator, allowed, inputs, outputs), count)


def _drawn_lengths(
    generator: np.random.Generator,
    count: int,
    flags: tuple[str, str],
    given: tuple[int | None, str | None],
    default: int,
) -> NDArray[np.int64]:
    """Lengths in tokens, shape (count,): drawn from a law, or all the same."""
    length, law = given
    if law is None:
        return np.full(count, default if length is None else length, dtype=np.int64)
    if length is not None:
        raise BadInput(f"{flags[0]} and {flags[1]} contradict each other; leave one out")
    return parse_law(flags[1], law, 1).draw(generator, count)


def _string_prompts(
    options: WorkloadOptions, inputs: NDArray[np.int64], outputs: NDArray[np.int64]
) -> Prompts:
    """If a tokenizer is given, a note says how many tokens it finds in the longest prompt."""
    notes = ['prompts are "A" over and over, counted as one token each']
    if options.tokenizer is not None:
        counter = TokenCounter(options)
        longest = int(inputs.max())
        found = counter.count(_string_text(longest), special=False)
        added = counter.count("A") - counter.count("A", special=False)
        notes[0] += (
            f"; tokenizer {options.tokenizer} finds {found} tokens in the longest prompt, of {longest}"
        )
        if added:
            notes.append(f"the server adds {added} special token(s) to each prompt")

    def items() -> Iterator[Prompt]:
        for length, output in zip(inputs.tolist(), outputs.tolist(), strict=True):
            yield Prompt(_string_text(length), length, output)

    return Prompts(items(), len(inputs), notes)


def _string_text(length: int) -> str:
    return ("A " * length).strip()


def id_prompts(
    generator: np.random.Generator,
    allowed: NDArray[np.int64],
    inputs: NDArray[np.int64],
    outputs: NDArray[np.int64],
) -> Iterator[Prompt]:
    """Prompts of ids drawn from the vocabulary without its special tokens."""
    for length, output in zip(inputs.tolist(), outputs.tolist(), strict=True):
        drawn = allowed[generator.integers(0, len(allowed), size=length)]
        yield Prompt("", length, output, tuple(drawn.tolist()))


@dataclass
class _Drift:
    """How far the lengths of decoded prompts, encoded again, are from the drawn ones."""

    prompts: int = 0
    exact: int = 0
    sum: int = 0
    most: int = 0

    def add(self, off: int) -> None:
        self.prompts += 1
        self.exact += off == 0
        self.sum += off
        self.most = max(self.most, off, key=abs)

    def __str__(self) -> str:
        mean = self.sum / max(1, self.prompts)
        return (
            f"prompts were decoded from random ids and are sent as text; encoded again, their lengths are off "
            f"by {mean:+.1f} tokens on average and {self.most:+d} at most; {self.exact} of {self.prompts} are exact"
        )


def _decoded_prompts(tokenizer: Any, drawn: Iterator[Prompt], count: int) -> Prompts:
    """The drawn ids as text, each with its length when it is encoded again."""
    notes: list[str] = []

    def items() -> Iterator[Prompt]:
        drift = _Drift()
        batch: list[Prompt] = []
        for i, prompt in enumerate(drawn, 1):
            batch.append(prompt)
            if i < count and sum(one.prompt_tokens for one in batch) < BATCH_TOKENS:
                continue
            texts = tokenizer.batch_decode([list(one.token_ids or ()) for one in batch])
            encoded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
            for one, text, ids in zip(batch, texts, encoded, strict=True):
                drift.add(len(ids) - one.prompt_tokens)
                yield Prompt(text, len(ids), one.output_tokens)
            batch = []
        notes.append(str(drift))

    return Prompts(items(), count, notes)
