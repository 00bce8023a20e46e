"""What the page of a workload draws, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from aisbench.backends.prompt import Prompt
from aisbench.report.workload.measure import by_turn, cache_hits, curve, rate
from aisbench.workload.cache_hits import PromptBlocks
from aisbench.workload.prefix_reuse import BLOCK
from aisbench.workload.prompts import Conversations, Prompts
from aisbench.workload.sessions.contents import contents_of

MANY = 1 << 20


def text(*blocks: str) -> str:
    """Blocks of equal letters: 16 tokens each, if a token is 4 bytes."""
    return "".join(letter * BLOCK for letter in blocks)


def prompts(
    texts: list[str],
    first: list[int] | None = None,
    blocks: PromptBlocks | None = None,
    output: int | None = 5,
) -> Prompts:
    made = (Prompt(text=one, prompt_tokens=len(one) // 4, output_tokens=output) for one in texts)
    talks = None if first is None else Conversations(np.array(first), np.zeros(len(texts), np.int64))
    return Prompts(made, len(texts), conversations=talks, blocks=blocks)


def test_lengths_and_repeats_by_turn() -> None:
    made = prompts([text("a"), text("a", "b"), text("a"), text("a", "c"), text("a", "c", "d")], [0, 2, 5])
    found = by_turn(contents_of(made, MANY))
    assert found.requests.tolist() == [2, 2, 1]
    assert found.prompt_tokens.tolist() == [16, 32, 48]
    assert found.output_tokens.tolist() == [5, 5, 5]
    assert found.repeated.tolist() == pytest.approx([1 / 2, 2 / 4, 2 / 3])


def test_answers_of_unplanned_length_are_not_known() -> None:
    assert np.isnan(by_turn(contents_of(prompts([text("a")], output=None), MANY)).output_tokens).all()


def test_hits_of_texts_grow_with_the_cache() -> None:
    """a and b take turns, so a cache of one block finds nothing, and one of two everything."""
    found = cache_hits(contents_of(prompts([text("a"), text("b")] * 10), MANY))
    assert found is not None
    assert (found.needed, found.endless, found.prompts) == (32, 0.9, 20)
    hits = dict(zip(found.tokens, found.shares, strict=True))
    assert hits == {1: 0, 2: 0, 5: 0, 10: 0, 20: 0, 50: 0.9}


def test_only_the_first_prompts_count_if_there_are_too_many() -> None:
    found = cache_hits(contents_of(prompts([text("a", "b"), text("a"), text("a")]), 3))
    assert found is not None
    assert found.prompts == 2


def test_ids_of_a_trace_are_used_in_place_of_texts() -> None:
    blocks = PromptBlocks([[1, 2], [1, 3]], [1024, 1024], 512)
    found = cache_hits(contents_of(prompts([text("a"), text("b")], blocks=blocks), MANY))
    assert found is not None
    assert (found.needed, found.endless) == (1536, 0.25)
    assert (found.tokens[-1], found.shares[-1]) == (2000, 0.25)


def test_prompts_without_a_whole_block_have_no_hits() -> None:
    assert cache_hits(contents_of(prompts(["short", "short"]), MANY)) is None


def test_distributions_and_rates() -> None:
    values, shares = curve(np.array([4, 1, 1, 2]))
    assert values.tolist() == [1, 1, 2, 4]
    assert shares.tolist() == pytest.approx([0, 100 / 3, 200 / 3, 100])
    edges, per_s = rate(np.array([0, 1, 2, 3, 6, 8]) * 10**9)
    assert edges.tolist() == pytest.approx([0, 8 / 3, 16 / 3, 8])
    assert per_s.tolist() == pytest.approx([9 / 8, 3 / 8, 6 / 8])
