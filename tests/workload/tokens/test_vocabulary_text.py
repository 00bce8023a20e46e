"""Encodings copied from the text of a whole vocabulary, against encoding each prompt by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.workload.datasets.generated.random import neighbours, text_prompts
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.tokens import vocabulary_text as vocabulary
from aisbench.workload.tokens.codec import Codec
from aisbench.workload.tokens.length_fix import Fixing, LengthFixer
from aisbench.workload.tokens.tokenizers import load_tokenizer
from aisbench.workload.tokens.vocabulary_text import Run, VocabularyText

LONGEST = 400


@pytest.fixture(scope="module", params=["gpt2", "deepseek"])
def known(request: pytest.FixtureRequest, gpt2_like: Any, deepseek_folder: Path) -> VocabularyText:
    tokenizer = gpt2_like if request.param == "gpt2" else load_tokenizer(str(deepseek_folder))
    # A part of the vocabulary with digits, signs, blanks and halves of characters.
    return VocabularyText(Codec(tokenizer), np.arange(700), LONGEST)


def test_every_run_is_encoded_as_by_itself(known: VocabularyText) -> None:
    fixer = LengthFixer(known.codec.tokenizer, lambda n: [0] * n)
    fixer.vocabulary = known
    rng = np.random.default_rng(1)
    items = [
        Fixing(
            rng.integers(0, 700, size=i % 5).tolist() + neighbours(np.arange(700), i, length),
            0,
            Run(i, length),
        )
        for i, length in enumerate(rng.integers(0, LONGEST + 1, size=700).tolist())
    ]
    texts = known.codec.decode([item.ids for item in items])
    encoded = fixer.encode(items, texts)
    alone = known.codec.encode(texts)
    assert [ids for ids, _ in encoded] == [ids for ids, _ in alone]
    # Words have other numbers, but begin at the same tokens.
    for (_, words), (_, wanted) in zip(encoded, alone, strict=True):
        assert [a == b for a, b in pairwise(words)] == [a == b for a, b in pairwise(wanted)]
    cut = [known.ends(text.encode(), item.run) for text, item in zip(texts, items, strict=True) if item.run]
    assert sum(one is not None for one in cut) > 300


def test_another_text_than_that_of_the_run_is_encoded_whole(known: VocabularyText) -> None:
    run = Run(20, LONGEST)
    (text,) = known.codec.decode([neighbours(np.arange(700), run.start, run.length)])
    middle = len(text) // 2
    assert known.ends(text.encode(), run) is not None
    assert known.ends(f"{text[:middle]}x{text[middle:]}".encode(), run) is None
    assert known.ends(b"something else", run) is None


def test_ends_that_do_not_fit_are_not_joined(known: VocabularyText) -> None:
    run = Run(20, LONGEST)
    (text,) = known.codec.decode([neighbours(np.arange(700), run.start, run.length)])
    ends = known.ends(text.encode(), run)
    assert ends is not None
    head, tail = known.codec.encode([ends.head, ends.tail])
    assert known.joined(ends, head, tail) is not None
    assert known.joined(replace(ends, shift=ends.shift + 1), head, tail) is None
    assert known.joined(ends, (head[0][1:], head[1][1:]), tail) is None


def test_prompts_are_the_same_with_and_without_it(gpt2_like: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    options = WorkloadOptions(count=60, model="m", input_len=300, prefix_len=20, range_ratio=(0.3, 0.0))
    made = list(text_prompts(gpt2_like, options).items)
    asked: list[Any] = []
    monkeypatch.setattr(vocabulary.VocabularyText, "ends", lambda *given: asked.append(given))
    assert list(text_prompts(gpt2_like, options).items) == made
    assert len(asked) == 60
