"""Counts the tokens of texts with the tokenizer, or their words where none is given."""

from __future__ import annotations

import re
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.files.dataset_files import shortened
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.tokens.tokenizers import load_tokenizer

_BATCH_TEXTS = 512
LONE = re.compile("[\ud800-\udfff]")


class TokenCounter:
    """Counts as a server would, including the special tokens that it adds to a text.

    Without a tokenizer, each word counts as a token. `note` says which of the two was counted.
    """

    def __init__(self, options: WorkloadOptions) -> None:
        self.tokenizer: Any = None
        self.note = "no --tokenizer was given: input lengths are in words"
        if options.tokenizer is not None:
            self.tokenizer = load_tokenizer(options.tokenizer, trust_remote_code=options.trust_remote_code)
            self.note = f"prompts are sent as text; lengths are those of tokenizer {options.tokenizer}"

    def counts(self, texts: list[str], *, special: bool = True) -> list[int]:
        """The number of tokens of each text; `special`: including the special tokens that a server adds.

        Raises BadInput for a text that is not valid Unicode.
        """
        if self.tokenizer is None:
            return [len(text.split()) for text in texts]
        for text in texts:
            # No tokenizer accepts half of a surrogate pair, but their own errors do not say so.
            if not text.isascii() and LONE.search(text) is not None:
                raise BadInput(
                    f"the text {shortened(text)} contains half of a surrogate pair, which no tokenizer can encode"
                )
        found: list[int] = []
        for first in range(0, len(texts), _BATCH_TEXTS):
            encoded = self.tokenizer(
                texts[first : first + _BATCH_TEXTS],
                add_special_tokens=special,
                return_attention_mask=False,
                return_token_type_ids=False,
                verbose=False,
            )
            found += map(len, encoded["input_ids"])
        return found

    def count(self, text: str, *, special: bool = True) -> int:
        return self.counts([text], special=special)[0]
