"""Random prompts of which a part shares a prefix, by their own tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.cache_hits import theoretical_hits, token_blocks
from aisbench.workload.datasets.registry import dataset_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.tokens.words import WORDS

NUMBERS = {word: i for i, word in enumerate(WORDS)}


def made(**given: Any) -> tuple[list[Prompt], list[str]]:
    options = WorkloadOptions(model="m", dataset="random", **{"count": 400, "input_len": 160, **given})
    options.check()
    prompts = dataset_named("random").make(options, backend_named("openai"))
    return list(prompts.items), prompts.notes


@pytest.mark.parametrize(("fraction", "ratio"), [(0.8, 0.9), (0.3, 0.5), (1.0, 0.7), (0.0, 1.0)])
def test_warm_prompts_begin_alike_and_cold_ones_share_nothing(fraction: float, ratio: float) -> None:
    items, notes = made(random_cache_hit_fraction=fraction, random_cache_ratio=ratio, range_ratio=(0.25, 0.0))
    tokens = [[NUMBERS[word] for word in prompt.text.split()] for prompt in items]
    assert [len(ids) for ids in tokens] == [prompt.prompt_tokens for prompt in items]
    assert min(map(len, tokens)) >= 120
    assert max(map(len, tokens)) <= 200
    # In blocks of one token, nothing is rounded.
    hits = theoretical_hits(tokens, list(map(len, tokens)), 1)
    assert hits.share == pytest.approx(fraction * ratio, abs=0.04)
    found = theoretical_hits([token_blocks(ids, 16) for ids in tokens], list(map(len, tokens)), 16)
    assert f"finds {100 * found.share:.2f}% of" in notes[-1]


def test_a_warm_prompt_is_the_share_of_its_length() -> None:
    items, notes = made(count=30, random_cache_hit_fraction=1.0, random_cache_ratio=0.75)
    words = [prompt.text.split() for prompt in items]
    assert len({tuple(one[:120]) for one in words}) == 1
    assert len({one[120] for one in words}) == 30
    assert notes[1] == "30 of 30 prompts are warm: they begin with the same prefix"


def test_ids(deepseek_folder: Path) -> None:
    items, _ = made(
        count=9,
        random_cache_hit_fraction=1,
        random_cache_ratio=0.5,
        token_ids=True,
        tokenizer=str(deepseek_folder),
    )
    assert len({one.token_ids[:80] for one in items if one.token_ids}) == 1
    assert {len(one.token_ids or ()) for one in items} == {160}


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"random_cache_ratio": 0.5}, "--random-cache-hit-fraction and --random-cache-ratio go together"),
        ({"random_cache_hit_fraction": 0.5}, "go together"),
        ({"random_cache_hit_fraction": 2.0}, "must be a number from 0 to 1"),
        (
            {"random_cache_hit_fraction": 0.5, "random_cache_ratio": 0.5, "prefix_len": 5},
            "leave out --prefix-len",
        ),
        (
            {"random_cache_hit_fraction": 0.5, "random_cache_ratio": 0.5, "batch_size": 5},
            "leave out --batch-size",
        ),
    ],
)
def test_options_that_do_not_fit(given_options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        made(**given_options)
