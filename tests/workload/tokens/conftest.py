"""A tokenizer like GPT-2's, small enough to be trained here."""

from __future__ import annotations

from typing import Any

import pytest

from aisbench.workload.tokens.words import WORDS


@pytest.fixture(scope="session")
def gpt2_like() -> Any:
    """Byte-level BPE of 700 tokens behind GPT-2's pattern, trained on the spot; most of it is parts of words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(
        [" ".join(WORDS), "日本語 日本 10 100 1000  \n\n\n   it's we're !? -- ..."], trainer
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, model_max_length=1 << 20
    )
