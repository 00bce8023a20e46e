"""Decoding and encoding many prompts at once, and how much of an encoding a later one can keep.

Encoding costs most of the time that random prompts take: about 6 ms for 1,024 tokens. A prompt is encoded
again after its end was corrected; what stands well before that end comes out as before. That holds
for tokenizers that first split the text into words, from left to right and by patterns that look no
further than a character ahead, and then encode each word by itself: byte-level BPE, without
a normalizer, behind patterns. Of others, `Codec` keeps nothing.
"""

from __future__ import annotations

import json
import re
from typing import Any

# So many tokens before the corrected end are encoded again at least. Patterns look one character ahead.
MARGIN = 32
# Lookbehinds, and anchors to a beginning or to the edge of a word.
_LOOKS_BACK = re.compile(r"\(\?<[=!]|\\[AGbB]")
_ESCAPED, _CLASS = re.compile(r"\\.", re.DOTALL), re.compile(r"\[\^?\]?[^\]]*\]")


class Codec:
    """`is_local`: what stands before a word's beginning is encoded without regard to what follows MARGIN later."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.is_local = splits_into_words(tokenizer)

    def decode(self, many: list[list[int]]) -> list[str]:
        """Texts with all special tokens kept, as the tokenizer's own decode gives them."""
        if self.is_local:
            # The same without a loop in Python, on all cores.
            texts: list[str] = self.tokenizer.backend_tokenizer.decode_batch(many, skip_special_tokens=False)
        else:
            texts = self.tokenizer.batch_decode(many)
        return texts

    def encode(self, texts: list[str]) -> list[tuple[list[int], list[int | None]]]:
        """Ids without special tokens, and the word that each belongs to (none where that is not known).

        The tokenizers library encodes a list of texts on all cores. Masks are not needed, nor the warning
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
    """How many tokens stay when all but the first `common` change: up to a word's start, MARGIN before."""
    at = min(common - MARGIN, len(words) - 1)
    while at > 0 and words[at] == words[at - 1]:
        at -= 1
    return max(0, at)


def splits_into_words(tokenizer: Any) -> bool:
    """True for tokenizers of the kind described above, whose class decodes without changes of its own."""
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
    """A normalizer or pre-tokenizer as tokenizer.json has it. The whole file has 100,000 words as well."""
    state: dict[str, Any] | None = None if component is None else json.loads(component.__getstate__())
    return state


def splits_locally(step: dict[str, Any]) -> bool:
    """Whether a step of a pre-tokenizer gives the same words when it begins at the start of one of them."""
    if step["type"] == "ByteLevel":
        return not step["add_prefix_space"]
    if step["type"] != "Split":
        return bool(step["type"] == "Digits")
    pattern = step["pattern"].get("Regex")
    keeps_all = step["behavior"] == "Isolated" or (step["behavior"] == "Removed" and step["invert"])
    return keeps_all and pattern is not None and not _looks_back(pattern)


def _looks_back(pattern: str) -> bool:
    """Whether what a pattern matches can depend on what stands before it; True when in doubt."""
    if _LOOKS_BACK.search(pattern) is not None:
        return True
    # Outside of classes of characters, ^ is the beginning.
    return "^" in _CLASS.sub("", _ESCAPED.sub("", pattern))
