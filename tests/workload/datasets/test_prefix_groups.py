"""Prompts that share prefixes: their blocks in an endless cache, by their own tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.cache_hits import theoretical_hits, token_blocks
from aisbench.workload.datasets.registry import check_taken, dataset_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.tokenizers import load_tokenizer
from aisbench.workload.tokens.words import WORDS

NUMBERS = {word: i for i, word in enumerate(WORDS)}


def made(backend: str = "openai", **given: Any) -> tuple[Prompts, list[Prompt]]:
    options = WorkloadOptions(
        model="m", dataset="prefix-repetition", **{"count": 40, "output_len": 3, **given}
    )
    options.check()
    check_taken(options)
    prompts = dataset_named(options.dataset).make(options, backend_named(backend))
    return prompts, list(prompts.items)


def tokens_of(prompt: Prompt) -> Sequence[int]:
    return prompt.token_ids or [NUMBERS[word] for word in prompt.text.split()]


def hit_rate(prompts: Prompts, items: list[Prompt], block: int) -> float:
    """The share of tokens that an endless cache finds, which has seen the prompts that fill it."""
    tokens = [tokens_of(prompt) for prompt in (*prompts.fill, *items)]
    hits = theoretical_hits([token_blocks(ids, block) for ids in tokens], [len(ids) for ids in tokens], block)
    skip = len(prompts.fill)
    return float(hits.tokens[skip:].sum() / hits.prompt_tokens[skip:].sum())


@given(
    st.floats(0, 0.95),
    st.integers(1, 8),
    st.sampled_from([1, 2, 8, 16, 64]),
    st.integers(100, 300),
    st.integers(60, 120),
    st.sampled_from(["uniform", "zipf:1.3"]),
    st.sampled_from(["interleaved", "grouped", "random"]),
    st.booleans(),
)
def test_an_endless_cache_finds_the_share_that_is_asked_for(
    rate: float, prefixes: int, block: int, length: int, count: int, law: str, order: str, fill: bool
) -> None:
    try:
        prompts, items = made(
            prefix_hit_rate=rate,
            num_prefixes=prefixes,
            block_size=block,
            input_len=length,
            count=count,
            prefix_popularity=law,
            prefix_order=order,
            fill_prefixes=fill,
        )
    except BadInput as problem:
        assume("cannot be reached" not in str(problem))
        raise
    assert (
        [prompt.prompt_tokens for prompt in items] == [length] * count == [len(tokens_of(p)) for p in items]
    )
    found = hit_rate(prompts, items, block)
    assert found == pytest.approx(rate, abs=0.01)
    # In blocks of one token, chance finds a little more than was planned.
    assert float(prompts.notes[-1].partition(" finds ")[2].partition("%")[0]) == pytest.approx(
        100 * found, abs=0.3 if block == 1 else 0.006
    )
    assert len(prompts.fill) == (prefixes if fill else 0)


def test_popularity_and_order() -> None:
    _, items = made(prefix_popularity="weights:3,1", prefix_order="interleaved", prefix_len=16, suffix_len=4)
    first = [prompt.text.split()[:16] for prompt in items]
    assert [first.count(one) for one in (first[0], first[2])] == [30, 10]
    assert first[:8] == [first[0], first[0], first[2], first[0]] * 2
    assert len({tuple(prompt.text.split()[16:]) for prompt in items}) == 40


def test_each_prefix_is_sent_once_to_fill_the_cache() -> None:
    prompts, items = made(prefix_len=32, suffix_len=8, num_prefixes=4, fill_prefixes=True)
    assert [(one.prompt_tokens, one.output_tokens) for one in prompts.fill] == [(33, 1)] * 4
    assert {tuple(p.text.split()[:32]) for p in items} == {tuple(p.text.split()[:32]) for p in prompts.fill}
    assert prompts.notes[-2:] == [
        "4 requests before the run, one for each prefix, fill the prefix cache; they are not measured",
        "an endless prefix cache with blocks of 16 tokens finds 80.00% of the 1,600 prompt tokens",
    ]


def test_prefixes_that_no_prompt_has_are_not_sent() -> None:
    prompts, _ = made(prefix_popularity="zipf:9", num_prefixes=5, fill_prefixes=True)
    assert len(prompts.fill) == 1
    assert prompts.notes[1].endswith("; 4 prefixes are too rare to be used")


def test_ids_and_texts_have_the_tokens_that_are_planned(deepseek_folder: Path) -> None:
    asked: dict[str, Any] = {"prefix_hit_rate": 0.5, "tokenizer": str(deepseek_folder), "input_len": 120}
    prompts, items = made(token_ids=True, **asked)
    assert hit_rate(prompts, items, 16) == pytest.approx(0.5, abs=0.01)
    assert max(max(tokens_of(one)) for one in items) > 100_000
    _, texts = made(**asked)
    tokenizer = load_tokenizer(str(deepseek_folder), trust_remote_code=False)
    encoded = [tokenizer.encode(one.text, add_special_tokens=False) for one in texts]
    assert [len(ids) for ids in encoded] == [120] * 40
    hits = theoretical_hits([token_blocks(ids, 16) for ids in encoded], [120] * 40, 16)
    assert hits.share == pytest.approx(0.5, abs=0.01)


def test_a_prefix_can_be_the_system_message() -> None:
    prompts, items = made("openai-chat", prefix_role="system", prefix_order="grouped", fill_prefixes=True)
    system, user = items[0].messages or ()
    assert (system["role"], user["role"]) == ("system", "user")
    assert f"{system['content']} {user['content']}" == items[0].text
    assert prompts.fill[0].messages == (system, {"role": "user", "content": prompts.fill[0].text.split()[-1]})


REFUSED = [
    (
        {"prefix_hit_rate": 0.5, "prefix_len": 9},
        "sets the lengths of prefix and suffix itself; give --input-len",
    ),
    ({"input_len": 9}, "--input-len is the length of the whole prompt, of which --prefix-hit-rate"),
    ({"input_len": 9, "fill_prefixes": True}, "--input-len goes with --prefix-hit-rate; give --prefix-len"),
    ({"prefix_hit_rate": 0.1, "input_len": 0}, "--input-len 0 leaves nothing to send"),
    ({"block_size": 8}, "--block-size goes with --prefix-hit-rate here"),
    ({"prefix_order": "random", "prefix_len": 0, "suffix_len": 0}, "leave nothing to send"),
    ({"prefix_order": "random", "token_ids": True}, "--token-ids needs a vocabulary"),
    ({"prefix_order": "random", "system_prompt": "x"}, "--system-prompt moves the blocks of shared prefixes"),
    ({"prefix_order": "random", "prefix_role": "system"}, "takes no messages; use --backend openai-chat"),
    ({"prefix_hit_rate": 1.0}, r"--prefix-hit-rate must be a number from 0 to \(not including\) 1, got 1"),
    ({"prefix_order": "even"}, "--prefix-order: unknown 'even'"),
]


@pytest.mark.parametrize(("given_options", "message"), REFUSED)
def test_options_that_do_not_fit(given_options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        made(**given_options)


def test_too_few_words_of_one_token(tiny_folder: Path) -> None:
    with pytest.raises(BadInput, match=r"words are one token each, too few .*; send ids with --token-ids"):
        made(prefix_order="random", tokenizer=str(tiny_folder))


def test_other_data_sets_do_not_take_the_options() -> None:
    options = WorkloadOptions(count=1, model="m", dataset="random")
    for given_option in ({"prefix_hit_rate": 0.5}, {"fill_prefixes": True}, {"prefix_order": "random"}):
        with pytest.raises(BadInput, match=r"it goes with prefix-repetition, prefix_repetition"):
            check_taken(replace(options, **given_option))
