"""Turns the texts of prompts into tokens as nearly as the server does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.caches.parts import Hole, Part, Parts
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.workload.prefix_reuse import mixed
from aisbench.workload.tokens.tokenizers import load_tokenizer

TokensFrom = Literal["token ids", "tokenizer", "words", "text"]
Tokens = NDArray[np.int32]
# A template adds up to this many tokens; a larger difference between our counts and the server's has another reason.
_MOST_TEMPLATE_TOKENS = 64
# Texts up to this length are kept, as system prompts and turns come again and again: 32 MB at most.
_KEPT_CHARACTERS, _KEPT_TEXTS = 1 << 14, 1 << 11
_PLACES = np.random.default_rng(0x51AFD7ED).integers(1, 2**63, size=1 << 12, dtype=np.uint64)


@dataclass(frozen=True)
class Tokeniser:
    """`tokens(text)`: an int32 for each token of `text`. `before`: tokens that the server's template is taken to put
    before every prompt. `is_scaled`: the tokens are equal pieces of text, so that only their number is like the server's."""

    source: TokensFrom
    tokens: Callable[[str], Tokens]
    before: int = 0

    @property
    def is_scaled(self) -> bool:
        return self.source == "text"


def tokeniser_for(run: Run, prompts: Sequence[Parts], counts: NDArray[np.int64]) -> Tokeniser:
    """The tokeniser for `prompts`, of which the server counted `counts` tokens (0: not known).

    Token ids need none, and --tokenizer is used if it is given and can be loaded. Otherwise words are tokens if the
    server's counts agree with their number, but for a template of the same length (the built-in simulator counts words);
    else every text is cut into pieces of equal length, of which all prompts together have as many as the server counted.
    """
    texts = [[part for part in prompt.parts if isinstance(part, str)] for prompt in prompts]
    if not any(texts):
        return Tokeniser("token ids", _words)
    encode = _encoder(run)
    if encode is not None:
        kept = _keeping(encode)
        return Tokeniser("tokenizer", kept, _template(prompts, counts, lambda text: len(kept(text))))
    before = _template(prompts, counts, lambda text: len(text.split()), exact=True)
    if before >= 0:
        return Tokeniser("words", _keeping(_words), before)
    known = np.flatnonzero(counts > 0).tolist()
    size = sum(len(text.encode("utf-8", "replace")) for i in known for text in texts[i])
    plain = sum(_plain(prompts[i].parts) for i in known)
    each = max(1.0, size / max(1, int(counts[known].sum()) - plain)) if known else 4.0
    return Tokeniser("text", _keeping(_pieces(each)))


def _encoder(run: Run) -> Callable[[str], Tokens] | None:
    config = run.config
    if config.tokenizer is None or (config.trust_remote_code and not run.trusts_code):
        return None
    try:
        tokenizer = load_tokenizer(str(config.tokenizer), trust_remote_code=config.trust_remote_code)
    except BadInput:
        return None
    return lambda text: np.array(
        tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"], dtype=np.int32
    )


def _template(
    prompts: Sequence[Parts],
    counts: NDArray[np.int64],
    length: Callable[[str], int],
    *,
    exact: bool = False,
) -> int:
    """How many tokens the server counts beyond those of each prompt: those of its template. Prompts with answers of the
    server are left out.

    Returns 0 if a template cannot explain the difference. `exact`: returns -1 in that case, and also where the difference
    is not the same for all prompts.
    """
    more = [
        int(count)
        - _plain(prompt.parts)
        - sum(length(part) for part in prompt.parts if isinstance(part, str))
        for prompt, count in zip(prompts, counts.tolist(), strict=True)
        if count > 0 and not any(isinstance(part, Hole) for part in prompt.parts)
    ]
    least = min(more, default=0)
    if not 0 <= least <= _MOST_TEMPLATE_TOKENS or (exact and (not more or max(more) > least)):
        return -1 if exact else 0
    return least


def _plain(parts: tuple[Part, ...]) -> int:
    return sum(len(part) for part in parts if isinstance(part, np.ndarray))


def _keeping(encode: Callable[[str], Tokens]) -> Callable[[str], Tokens]:
    kept = lru_cache(_KEPT_TEXTS)(encode)
    return lambda text: kept(text) if len(text) <= _KEPT_CHARACTERS else encode(text)


def _words(text: str) -> Tokens:
    """A hash of each word; a number for each would take longer to look up."""
    words = text.split()
    return np.fromiter(map(hash, words), np.int64, len(words)).astype(np.int32)


def _pieces(each: float) -> Callable[[str], Tokens]:
    """Cuts a text into pieces of `each` bytes on average, and hashes each piece to 32 bits."""

    def encode(text: str) -> Tokens:
        data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
        count = max(1, round(len(data) / each))
        begins = np.minimum((np.arange(count) * each).astype(np.int64), max(0, len(data) - 1))
        sizes = np.diff(np.append(begins, len(data)))
        places = np.arange(len(data)) - np.repeat(begins, sizes)
        own = (data.astype(np.uint64) + np.uint64(1)) * _PLACES[places % len(_PLACES)]
        return folded(np.add.reduceat(own, begins)) if len(data) else np.empty(0, np.int32)

    return encode


def folded(values: NDArray[np.uint64]) -> Tokens:
    """`values` hashed to 32 bits."""
    return (mixed(values) >> np.uint64(32)).astype(np.uint32).view(np.int32)
