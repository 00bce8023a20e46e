"""Tokens that make prompts of a known length and known blocks, as text or as ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.tokens.tokenizers import allowed_ids, load_tokenizer
from aisbench.workload.tokens.words import WORDS

_Ints = NDArray[np.int64]
# Fewer words than this would repeat whole blocks by chance.
_FEWEST_WORDS = 100


@dataclass(frozen=True)
class Vocabulary:
    """`ids`: the tokens to draw from, int64; `words`: the word of each, for text; None: ids are sent."""

    ids: _Ints
    words: NDArray[np.object_] | None
    note: str

    @staticmethod
    def of(options: WorkloadOptions, backend: Backend) -> Vocabulary:
        """Raises BadInput for --token-ids without a vocabulary or a backend that takes ids."""
        if options.tokenizer is None:
            if options.token_ids:
                raise BadInput("--token-ids needs a vocabulary; give one with --tokenizer")
            note = "no --tokenizer was given: prompts are words of a built-in list, one token each"
            return Vocabulary(np.arange(len(WORDS)), np.array(WORDS, dtype=object), note)
        tokenizer = load_tokenizer(options.tokenizer, trust_remote_code=options.trust_remote_code)
        if not options.token_ids:
            words = _single_words(tokenizer, options.tokenizer)
            note = f"prompts are words that are one token each for tokenizer {options.tokenizer}"
            return Vocabulary(np.arange(len(words)), np.array(words, dtype=object), note)
        if not backend.takes_token_ids:
            raise BadInput(
                f"--token-ids: {backend.family} takes no token ids; use --backend openai (v1/completions)"
            )
        ids = allowed_ids(tokenizer, options.tokenizer)
        note = f"prompts are sent as token ids of tokenizer {options.tokenizer}: their lengths are exact"
        return Vocabulary(ids, None, note)

    def drawn(self, generator: np.random.Generator, count: int) -> _Ints:
        """`count` random tokens."""
        return self.ids[generator.integers(0, len(self.ids), size=count)]

    def distinct(self, generator: np.random.Generator) -> _Ints:
        """Each token once, in random order."""
        return generator.permutation(self.ids)

    def sent(self, tokens: _Ints) -> tuple[str, tuple[int, ...] | None]:
        """The text of a prompt, or else its ids."""
        if self.words is None:
            return "", tuple(tokens.tolist())
        return " ".join(self.words[tokens]), None


def _single_words(tokenizer: Any, name: str) -> list[str]:
    """The built-in words that are one token each, at the beginning of a text and after a blank."""
    encoded = tokenizer([f"{word} {word}" for word in WORDS], add_special_tokens=False)["input_ids"]
    decoded = tokenizer.batch_decode(encoded)
    found = [
        word
        for word, ids, text in zip(WORDS, encoded, decoded, strict=True)
        if len(ids) == 2 and text.split() == [word, word]
    ]
    if len(found) < _FEWEST_WORDS:
        raise BadInput(
            f"--tokenizer {name}: only {len(found)} common words are one token each, too few for prompts of a known length; "
            "send ids with --token-ids"
        )
    return found
