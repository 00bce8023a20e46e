"""The `prefix-repetition` data set: some prefixes, each shared by many prompts, as in `vllm bench serve` 0.32.

Each prefix and suffix is drawn from the whole vocabulary, special tokens included, and corrected to its length. The
two are joined and decoded without checking their joint length. vLLM draws from NumPy's global generator, so its
arrivals continue from the state in which the prompts left it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.length_fix import Fixing, LengthFixer
from aisbench.workload.tokens.tokenizers import load_tokenizer
from aisbench.workload.tokens.words import WORDS

PREFIX_LEN, SUFFIX_LEN, NUM_PREFIXES, OUTPUT_LEN = 256, 256, 10, 128
_BATCH = 64


def vllms_prefix_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Makes num_prefixes * (count // num_prefixes) prompts; raises BadInput if that is 0."""
    count = DEFAULT_COUNT if options.count is None else options.count
    prefixes = NUM_PREFIXES if options.num_prefixes is None else options.num_prefixes
    each = count // prefixes
    if each == 0:
        raise BadInput(
            f"--num-requests {count} is less than one request for each of --num-prefixes {prefixes}; "
            "give more requests or fewer prefixes"
        )
    lengths = (
        PREFIX_LEN if options.prefix_len is None else options.prefix_len,
        SUFFIX_LEN if options.suffix_len is None else options.suffix_len,
    )
    if sum(lengths) == 0:
        raise BadInput("--prefix-len 0 and --suffix-len 0 leave nothing to send; make one of them longer")
    check_role(options, backend, lengths)
    legacy = np.random.RandomState(options.seed)
    source: _Words | Tokens = _Words(legacy) if options.tokenizer is None else Tokens(options, legacy)
    total = prefixes * each
    notes = [source.note]
    if total < count:
        notes.append(
            f"{total} prompts, {each} for each of {prefixes} prefixes, instead of {count} (as in vLLM)"
        )
    # A shuffle's draws do not depend on the contents of the list, so the order can be drawn before the prompts.
    order = list(range(total))
    generator = random.Random(options.seed)
    if options.shuffle:
        generator.shuffle(order)
    output = OUTPUT_LEN if options.output_len is None else options.output_len

    def items() -> Iterator[Prompt]:
        # All parts are drawn before the first prompt is made: they are drawn by prefix, but used in another order.
        parts: list[tuple[list[int], list[int]]] = []
        for _ in range(prefixes):
            prefix = source.drawn(lengths[0])
            parts += [(prefix, source.drawn(lengths[1])) for _ in range(each)]
        for first in range(0, total, _BATCH):
            batch = [parts[i] for i in order[first : first + _BATCH]]
            texts = source.texts([prefix + suffix for prefix, suffix in batch])
            roles: list[Any] = [None] * len(batch)
            if options.prefix_role == "system":
                roles = list(
                    zip(source.texts([p for p, _ in batch]), source.texts([s for _, s in batch]), strict=True)
                )
            for text, (prefix, suffix), role in zip(texts, batch, roles, strict=True):
                messages = role and (
                    {"role": "system", "content": role[0]},
                    {"role": "user", "content": role[1]},
                )
                yield Prompt(text, len(prefix) + len(suffix), output, messages=messages)

    return Prompts(items(), total, notes, stdlib_random=generator, legacy_random=legacy)


def check_role(options: WorkloadOptions, backend: Backend, lengths: tuple[int, int]) -> None:
    """Raises BadInput if --prefix-role asks for messages that the backend or the lengths of both parts do not allow."""
    if options.prefix_role == "system" and 0 in lengths:
        raise BadInput("--prefix-role system needs a --prefix-len and a --suffix-len of at least 1")
    if options.prefix_role == "system" and not backend.takes_messages:
        raise BadInput(f"--prefix-role system: {backend.family} takes no messages; use --backend openai-chat")


class Tokens:
    """Parts drawn from a tokenizer's vocabulary, each corrected to its length separately."""

    def __init__(self, options: WorkloadOptions, legacy: np.random.RandomState) -> None:
        self.tokenizer = load_tokenizer(str(options.tokenizer), trust_remote_code=options.trust_remote_code)
        vocabulary = self.tokenizer.vocab_size
        self.draw: Callable[[int], list[int]] = lambda count: legacy.randint(
            0, vocabulary, size=count
        ).tolist()
        self.fixer = LengthFixer(self.tokenizer, self.draw)
        self.note = (
            "prompts are sent as text; lengths are those of prefix and suffix, counted separately by tokenizer "
            f"{options.tokenizer}"
        )

    def drawn(self, length: int) -> list[int]:
        fixing = Fixing(self.draw(length), length)
        # One at a time, as the next part's first draw comes after this part's last.
        self.fixer.fix([fixing])
        return fixing.ids

    def texts(self, parts: list[list[int]]) -> list[str]:
        decoded: list[str] = self.tokenizer.batch_decode(parts)
        return decoded


class _Words:
    """Parts that are words from the built-in list, one token each."""

    note = "no --tokenizer was given: prompts are words of a built-in list, one token each"

    def __init__(self, legacy: np.random.RandomState) -> None:
        self.legacy = legacy

    def drawn(self, length: int) -> list[int]:
        drawn: list[int] = self.legacy.randint(0, len(WORDS), size=length).tolist()
        return drawn

    def texts(self, parts: list[list[int]]) -> list[str]:
        return [" ".join(WORDS[i] for i in part) for part in parts]
