"""The random data set with a tokenizer, against one prompt after another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisbench.backends.prompt import Prompt
from aisbench.workload.datasets.generated import random as random_set
from aisbench.workload.datasets.generated.random import text_prompts, vocabulary_fixer
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.tokens.length_fix import CORRECTIONS, Fixing


def one_after_another(tokenizer: Any, options: WorkloadOptions) -> list[Prompt]:
    """What vLLM 0.32's random data set does, written down step by step without any batching."""
    generator = np.random.default_rng(options.seed)

    def between(length: int, ratio: float, least: int) -> np.ndarray:
        low = max(least, math.floor(length * (1 - ratio)))
        high = max(least, math.ceil(length * (1 + ratio)))
        return generator.integers(low, high + 1, size=options.count)

    def fix(ids: list[int], target: int) -> tuple[str, list[int]]:
        retries = 10
        while True:
            text = tokenizer.decode(ids)
            ids = tokenizer.encode(text, add_special_tokens=False)
            if retries == 0 or len(ids) == target:
                return text, ids
            if len(ids) < target:
                ids = ids + generator.integers(0, tokenizer.vocab_size, size=target - len(ids)).tolist()
            else:
                ids = ids[:target]
            retries -= 1

    assert options.input_len is not None
    assert options.output_len is not None
    assert options.count is not None
    prefix_len = options.prefix_len or 0
    real_input = max(0, options.input_len - tokenizer.num_special_tokens_to_add())
    inputs = between(real_input, options.range_ratio[0], 0)
    outputs = between(options.output_len, options.range_ratio[1], 1)
    offsets = generator.integers(0, tokenizer.vocab_size, size=options.count)
    allowed = [i for i in range(tokenizer.vocab_size) if i not in tokenizer.all_special_ids]
    prefix: list[int] = []
    if prefix_len:
        prefix = [allowed[i] for i in generator.integers(0, len(allowed), size=prefix_len)]
        prefix = fix(prefix, prefix_len)[1]
    made = []
    for i in range(options.count):
        inner = [allowed[(int(offsets[i]) + i + j) % len(allowed)] for j in range(inputs[i])]
        text, ids = fix(prefix + inner, prefix_len + int(inputs[i]))
        made.append(Prompt(text, len(ids), int(outputs[i])))
    return made


@given(
    count=st.integers(1, 25),
    input_len=st.integers(2, 14),
    output_len=st.integers(1, 9),
    ratios=st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)),
    prefix_len=st.integers(0, 6),
    seed=st.integers(0, 2**32 - 1),
    batch_tokens=st.sampled_from([1, 40, 1 << 16]),
    loses_most=st.booleans(),
)
@settings(max_examples=150)
def test_batches_give_what_one_after_another_gives(
    tiny: Any,
    lossy: Any,
    count: int,
    input_len: int,
    output_len: int,
    ratios: tuple[float, float],
    prefix_len: int,
    seed: int,
    batch_tokens: int,
    loses_most: bool,
) -> None:
    tokenizer = lossy if loses_most else tiny
    options = WorkloadOptions(
        count=count,
        model="m",
        input_len=input_len,
        output_len=output_len,
        range_ratio=ratios,
        prefix_len=max(prefix_len, 1 if (input_len - 1) * (1 - ratios[0]) < 1 else 0),
        seed=seed,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(random_set, "BATCH_TOKENS", batch_tokens)
        made = list(text_prompts(tokenizer, options).items)
    assert made == one_after_another(tokenizer, options)


def test_prompts_that_never_get_their_length_are_given_up_and_told(lossy: Any) -> None:
    options = WorkloadOptions(count=200, model="m", input_len=13)
    prompts = text_prompts(lossy, options)
    made = list(prompts.items)
    missed = sum(prompt.prompt_tokens != 12 for prompt in made)
    assert missed > 100
    assert any(
        note.startswith(f"{missed} of 200 prompts do not have the requested length") for note in prompts.notes
    )


def test_the_text_that_is_given_up_is_the_one_before_its_last_encoding(lossy: Any) -> None:
    hopeless = Fixing(lossy.convert_tokens_to_ids(["x"]) * 4, target=500)
    vocabulary_fixer(lossy, np.random.default_rng(0)).fix([hopeless])
    assert hopeless.rounds == CORRECTIONS + 1
    assert len(hopeless.ids) < 500
    assert lossy.encode(hopeless.text, add_special_tokens=False) == hopeless.ids


def test_long_ones_are_cut_without_a_draw(tiny: Any) -> None:
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    fixings = [Fixing(tiny.convert_tokens_to_ids(["abc"] * n), target=n) for n in (2, 4)]
    vocabulary_fixer(tiny, generator).fix(fixings)
    # abc encodes to ab + c: twice as many, cut in half.
    assert [item.text for item in fixings] == ["abc", "abcabc"]
    assert generator.bit_generator.state == before
