"""The analytic capacity against the model, run in virtual time."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from aisbench.simulator.model.batcher import Sequence
from aisbench.simulator.model.capacity import capacity
from aisbench.simulator.model.parameters import Parameters
from tests.simulator.virtual_time import token_times

DEFAULTS = Parameters()


@pytest.mark.parametrize(
    ("parameters", "prompt_tokens", "output_tokens"),
    [
        (DEFAULTS, 16, 64),
        (DEFAULTS, 512, 128),
        (DEFAULTS, 1024, 128),
        (replace(DEFAULTS, max_batched_tokens=512), 1024, 128),
        (replace(DEFAULTS, kv_tokens=40_000), 2000, 100),
        (replace(DEFAULTS, prefill_fixed_ms=3.0, max_num_seqs=32), 200, 30),
        (replace(DEFAULTS, max_num_seqs=1), 100, 50),
    ],
)
def test_capacity_is_what_the_model_reaches(
    parameters: Parameters, prompt_tokens: int, output_tokens: int
) -> None:
    expected = capacity(parameters, prompt_tokens, output_tokens)
    # Enough that the queue never runs dry in twenty lifetimes of a full batch.
    lifetimes = 20
    end_ns = round(lifetimes * output_tokens * expected.step_ms * 1e6)
    waiting = [Sequence(prompt_tokens, output_tokens) for _ in range(int(expected.batch * (lifetimes + 5)))]
    times = token_times(parameters, [(0, s) for s in waiting], until_ns=end_ns)
    # The first quarter is left out: a batch that begins all at once is not yet the long run.
    window = [t for got in times.values() for t in got if end_ns / 4 < t <= end_ns]
    tokens_per_s = len(window) / (end_ns * 0.75) * 1e9
    assert tokens_per_s == pytest.approx(expected.tokens_per_s, rel=0.01)
    assert expected.requests_per_s == pytest.approx(expected.tokens_per_s / output_tokens)


def test_capacity_by_hand() -> None:
    parameters = replace(
        DEFAULTS, max_num_seqs=10, decode_base_ms=5.0, decode_per_seq_us=100.0, prefill_us_per_token=50.0
    )
    # Ten decode, one in ten steps' worth begins with 100 * 0.05 ms: 5 + 1 + 10/20 * 5 = 8.5 ms.
    found = capacity(parameters, prompt_tokens=100, output_tokens=20)
    assert found.batch == 10
    assert found.step_ms == pytest.approx(8.5)
    assert found.tokens_per_s == pytest.approx(10 / 8.5e-3)


def test_the_ends_of_the_range() -> None:
    assert capacity(DEFAULTS, DEFAULTS.kv_tokens, 1).tokens_per_s == 0
    free = replace(DEFAULTS, decode_base_ms=0.0, decode_per_seq_us=0.0, prefill_us_per_token=0.0)
    assert capacity(free, 10, 10).tokens_per_s == math.inf
