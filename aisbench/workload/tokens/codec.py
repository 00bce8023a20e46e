"""Decodes and encodes many prompts at once, and finds how much of an encoding a later one can keep.

Encoding takes most of the time that random prompts need: about 6 ms for 1,024 tokens. A prompt is encoded again after
its end has been corrected, and everything well before that end is encoded as before. This holds for byte-level BPE
without a normalizer, which splits the text into words from left to right, by patterns that look at most one
character ahead, and then encodes each word separately. With other tokenizers, `Codec` keeps nothing.
"""

from __future__ import annotations

import json
import re
from typing import Any

# At least this many tokens before the corrected end are encoded again. Patterns look one character ahead.
MARGIN = 32
# Lookbehinds, and anchors to the start of the text or to the edge of a word.
_LOOKS_BACK = re.compile(r"\(\?<[=!]|\\[AGbB]")
_ESCAPED, _CLASS = re.compile(r"\\.", re.DOTALL), re.compile(r"\[\^?\]?[^\]]*\]")


class Codec:
    """`is_local`: how a word is encoded does not depend on text more than MARGIN tokens later."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.is_local = splits_into_words(tokenizer)

    def decode(self, many: list[list[int]]) -> list[str]:
        """The texts, special tokens included, as the tokenizer's own decode returns them."""
        if self.is_local:
            # The same result on all cores, without a loop in Python.
            texts: list[str] = self.tokenizer.backend_tokenizer.decode_batch(many, skip_special_tokens=False)
        else:
            texts = self.tokenizer.batch_decode(many)
        return texts

    def encode(self, texts: list[str]) -> list[tuple[list[int], list[int | None]]]:
        """Each text's ids, without special tokens, and the word that each id belongs to (empty if not known).

        The tokenizers library encodes a list of texts on all cores. Masks are switched off, and so is the warning
        that a prompt is longer than the model's context.
        """
        encoded = self.tokenizer(
            texts,
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        if not self.is_local:
            return [(ids, []) for ids in encoded["input_ids"]]
        return [(one.ids, one.word_ids) for one in encoded.encodings]


def kept_of(words: list[int | None], common: int) -> int:
    """How many tokens stay the same if all after the first `common` change.

    They end at the start of a word, at least MARGIN tokens before the change.
    """
    at = min(common - MARGIN, len(words) - 1)
    while at > 0 and words[at] == words[at - 1]:
        at -= 1
    return max(0, at)


def splits_into_words(tokenizer: Any) -> bool:
    """Whether a tokenizer is of the kind described above, and its class changes neither encoding nor decoding."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or getattr(tokenizer, "clean_up_tokenization_spaces", True):
        return False
    from transformers import PreTrainedTokenizerFast

    for method in ("_decode", "decode", "batch_decode", "_encode_plus", "__call__"):
        if getattr(type(tokenizer), method, None) is not getattr(PreTrainedTokenizerFast, method, None):
            return False
    model, normalizer, splitting = backend.model, part(backend.normalizer), part(backend.pre_tokenizer)
    if type(model).__name__ != "BPE" or model.dropout or splitting is None:
        return False
    if normalizer is not None and normalizer.get("normalizers") != []:
        return False
    steps = splitting.get("pretokenizers", [splitting])
    return all(map(splits_locally, steps)) and any(
        step["type"] == "Split" or step.get("use_regex") for step in steps
    )


def part(component: Any) -> dict[str, Any] | None:
    """A normalizer or pre-tokenizer as in tokenizer.json, without the vocabulary of 100,000 words beside it."""
    state: dict[str, Any] | None = None if component is None else json.loads(component.__getstate__())
    return state


def splits_locally(step: dict[str, Any]) -> bool:
    """Whether a step of a pre-tokenizer finds the same words when it starts at any one of them."""
    if step["type"] == "ByteLevel":
        return not step["add_prefix_space"]
    if step["type"] != "Split":
        return bool(step["type"] == "Digits")
    pattern = step["pattern"].get("Regex")
    keeps_all = step["behavior"] == "Isolated" or (step["behavior"] == "Removed" and step["invert"])
    return keeps_all and pattern is not None and not _looks_back(pattern)


def _looks_back(pattern: str) -> bool:
    """Whether a match can depend on the text before it; True when in doubt."""
    if _LOOKS_BACK.search(pattern) is not None:
        return True
    # Outside character classes, ^ is the start of the text.
    return "^" in _CLASS.sub("", _ESCAPED.sub("", pattern))
