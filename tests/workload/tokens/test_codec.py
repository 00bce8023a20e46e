"""What of an encoding is kept when the end of a prompt is corrected, against encoding it all again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisbench.workload.tokens.codec import MARGIN, Codec, kept_of, splits_into_words, splits_locally
from aisbench.workload.tokens.length_fix import Fixing, LengthFixer
from aisbench.workload.tokens.tokenizers import load_tokenizer


@pytest.fixture(scope="module")
def deepseek(deepseek_folder: Path) -> Any:
    return load_tokenizer(str(deepseek_folder))


@pytest.fixture(scope="module")
def odd_ids(deepseek: Any) -> list[int]:
    """Ids of blanks, digits, signs, scripts without blanks, halves of characters and special tokens."""
    texts = deepseek.backend_tokenizer.decode_batch(
        [[i] for i in range(deepseek.vocab_size)], skip_special_tokens=False
    )
    return [i for i, text in enumerate(texts) if not (text.strip().isascii() and text.strip().isalpha())]


@given(st.integers(0, 2**32), st.sampled_from(["any", "odd", "gpt2"]))
@settings(max_examples=20)
def test_keeping_gives_what_encoding_all_again_gives(
    deepseek: Any, odd_ids: list[int], gpt2_like: Any, seed: int, kind: str
) -> None:
    tokenizer = gpt2_like if kind == "gpt2" else deepseek

    def fixed(*, keep: bool) -> list[tuple[str, list[int], int]]:
        drawn = np.random.default_rng(seed)
        pool = np.array(odd_ids) if kind == "odd" else np.arange(tokenizer.vocab_size)
        fixer = LengthFixer(tokenizer, lambda n: drawn.integers(0, tokenizer.vocab_size, size=n).tolist())
        assert fixer.codec.is_local
        fixer.codec.is_local = keep
        rng = np.random.default_rng(seed + 1)
        batch = []
        for _ in range(20):
            ids = rng.choice(pool, size=rng.integers(MARGIN + 2, 160)).tolist()
            batch.append(Fixing(ids, len(ids) - int(rng.integers(0, 3))))
        fixer.fix(batch)
        return [(item.text, item.ids, item.rounds) for item in batch]

    assert fixed(keep=True) == fixed(keep=False)


def test_most_of_a_prompt_is_kept(deepseek: Any) -> None:
    codec = Codec(deepseek)
    ((ids, words),) = codec.encode(["well known words " * 100])
    assert len(ids) - MARGIN - 2 <= kept_of(words, len(ids)) <= len(ids) - MARGIN


def test_what_is_kept_ends_where_a_word_begins() -> None:
    words = [0, 0, 1, 1, 1, *range(2, 2 + MARGIN)]
    assert kept_of(words, MARGIN + 4) == 2
    assert kept_of(words, MARGIN + 2) == 2
    assert kept_of(words, MARGIN + 1) == 0
    assert kept_of([], 100) == 0


def test_tokenizers_of_another_kind_keep_nothing(tiny: Any, deepseek: Any) -> None:
    assert splits_into_words(deepseek)
    assert not splits_into_words(tiny), "it has a normalizer, and does not split into words"
    assert not splits_into_words(object())


@pytest.mark.parametrize(
    ("step", "local"),
    [
        ({"type": "ByteLevel", "add_prefix_space": False}, True),
        ({"type": "ByteLevel", "add_prefix_space": True}, False),
        ({"type": "Digits"}, True),
        ({"type": "Metaspace"}, False),
        ({"type": "Split", "pattern": {"Regex": r"[^\s]+|\s+(?!\S)"}, "behavior": "Isolated"}, True),
        ({"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Removed", "invert": True}, True),
        ({"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Removed", "invert": False}, False),
        ({"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "MergedWithPrevious"}, False),
        ({"type": "Split", "pattern": {"String": " "}, "behavior": "Isolated"}, False),
        ({"type": "Split", "pattern": {"Regex": "(?<=x)a"}, "behavior": "Isolated"}, False),
        ({"type": "Split", "pattern": {"Regex": r"\bword"}, "behavior": "Isolated"}, False),
        ({"type": "Split", "pattern": {"Regex": "^a|b"}, "behavior": "Isolated"}, False),
        ({"type": "Split", "pattern": {"Regex": r"[\[\]^_]x|[^\r\n]|\^"}, "behavior": "Isolated"}, True),
    ],
)
def test_steps_that_look_back_are_not_local(step: dict[str, Any], local: bool) -> None:
    assert splits_locally(step) is local
