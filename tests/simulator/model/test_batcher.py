"""The model of continuous batching, against timings worked out by hand."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.simulator.model.batcher import Batcher, Sequence
from aisbench.simulator.model.parameters import Parameters
from tests.simulator.virtual_time import token_times

MS = 1_000_000
# A step: 10 ms + 1 ms per token yielded + 0.1 ms per prompt token.
PARAMETERS = Parameters(
    decode_base_ms=10.0,
    decode_per_seq_us=1000.0,
    prefill_us_per_token=100.0,
    max_num_seqs=4,
    max_batched_tokens=100,
    kv_tokens=1000,
)


def in_ms(times: list[int]) -> list[float]:
    return [t / MS for t in times]


def test_one_sequence_alone() -> None:
    sequence = Sequence(prompt_tokens=20, max_tokens=3)
    times = token_times(PARAMETERS, [(5 * MS, sequence)])
    # 5 + (10 + 1 + 20 * 0.1) = 18, then 11 for each token.
    assert in_ms(times[sequence]) == [18, 29, 40]


def test_a_late_comer_waits_for_the_step_and_makes_the_next_one_longer() -> None:
    first, second = Sequence(20, 4), Sequence(50, 2)
    times = token_times(PARAMETERS, [(0, first), (1 * MS, second)])
    # Steps end at 13, then 13 + 10 + 2 * 1 + 5 = 30, 42 (two decode), 53 (one).
    assert in_ms(times[first]) == [13, 30, 42, 53]
    assert in_ms(times[second]) == [30, 42]


def test_the_fixed_cost_is_paid_once_per_request() -> None:
    parameters = replace(PARAMETERS, prefill_fixed_ms=7.0)
    first, second = Sequence(10, 2), Sequence(10, 2)
    times = token_times(parameters, [(0, first), (0, second)])
    # 10 + 2 + 2 + 2 * 7 = 28, then 12.
    assert in_ms(times[first]) == in_ms(times[second]) == [28, 40]


def test_a_long_prompt_is_prefilled_in_chunks_beside_decoding() -> None:
    short, long = Sequence(10, 4), Sequence(150, 1)
    times = token_times(PARAMETERS, [(0, short), (1, long)])
    # 12; then 99 prompt tokens beside one decode: 12 + 10 + 1 + 9.9 = 32.9;
    # then the other 51, and both get a token: 32.9 + 10 + 2 + 5.1 = 50; then 61.
    assert in_ms(times[short]) == pytest.approx([12, 32.9, 50, 61])
    assert in_ms(times[long]) == pytest.approx([50])


def test_slots_are_given_in_order_of_arrival() -> None:
    sequences = [Sequence(1, 2) for _ in range(6)]
    times = token_times(PARAMETERS, [(0, s) for s in sequences])
    firsts = [times[s][0] for s in sequences]
    # Four slots: 14.4 and 28.4 for four, then the other two at 28.4 + 12.2.
    assert in_ms(firsts) == pytest.approx([14.4] * 4 + [40.6] * 2)


def test_the_cache_makes_requests_queue_and_none_overtakes() -> None:
    big, bigger, small = Sequence(100, 500), Sequence(100, 400), Sequence(1, 1)
    batcher: Batcher[Sequence] = Batcher(PARAMETERS)
    for sequence in (big, bigger, small):
        batcher.submit(sequence)
    batcher.begin_step()
    assert batcher.admitted == [big]
    assert batcher.kv_used == 600
    batcher.end_step()
    batcher.begin_step()
    assert batcher.admitted == [], "the second does not fit, and the third waits behind it"
    batcher.cancel(big)
    assert batcher.kv_used == 0
    batcher.end_step()
    batcher.begin_step()
    # 100 tokens of prefill are all that a step may hold, so the small one comes a step later.
    assert batcher.admitted == [bigger]
    batcher.end_step()
    batcher.begin_step()
    assert batcher.admitted == [small]


def test_what_can_never_fit_is_refused() -> None:
    batcher: Batcher[Sequence] = Batcher(PARAMETERS)
    with pytest.raises(ValueError, match="never fit"):
        batcher.submit(Sequence(900, 101))


def test_a_sequence_that_stops_early_frees_what_it_had_reserved() -> None:
    batcher: Batcher[Sequence] = Batcher(PARAMETERS)
    sequence = Sequence(10, 900, stop_at=2)
    batcher.submit(sequence)
    batcher.begin_step()
    assert batcher.kv_used == 910
    assert batcher.end_step() == [sequence]
    batcher.begin_step()
    assert batcher.end_step() == [sequence]
    assert batcher.is_idle
    assert batcher.kv_used == 0


@pytest.mark.parametrize("when", ["waiting", "prefilling", "decoding", "ended"])
def test_cancelling_frees_at_any_stage(when: str) -> None:
    batcher: Batcher[Sequence] = Batcher(PARAMETERS)
    sequence = Sequence(150, 1)
    batcher.submit(sequence)
    if when != "waiting":
        batcher.begin_step()
    if when in ("decoding", "ended"):
        batcher.end_step()
        batcher.begin_step()
    if when == "ended":
        assert batcher.end_step() == [sequence]
    batcher.cancel(sequence)
    assert batcher.is_idle
    assert batcher.kv_used == 0
    assert batcher.end_step() == []


def test_jitter_keeps_the_mean_and_repeats_with_the_seed() -> None:
    def gaps(seed: int) -> list[int]:
        sequence = Sequence(1, 20_000)
        parameters = replace(PARAMETERS, jitter=0.3, seed=seed, kv_tokens=100_000)
        times = token_times(parameters, [(0, sequence)])[sequence]
        return [b - a for a, b in itertools.pairwise(times)]

    drawn = gaps(1)
    assert statistics.mean(drawn) == pytest.approx(11 * MS, rel=0.01)
    assert statistics.pstdev(drawn) == pytest.approx(0.3 * 11 * MS, rel=0.05)
    assert min(drawn) > 0
    assert gaps(1) == drawn
    assert gaps(2) != drawn


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(1, 40)), min_size=1, max_size=25),
    st.integers(1, 5),
    st.integers(5, 200),
    st.integers(340, 900),
)
def test_every_token_comes_once_and_no_limit_is_broken(
    requests: list[tuple[int, int]], slots: int, budget: int, kv_tokens: int
) -> None:
    parameters = replace(PARAMETERS, max_num_seqs=slots, max_batched_tokens=budget, kv_tokens=kv_tokens)
    batcher: Batcher[Sequence] = Batcher(parameters)
    sequences = [Sequence(prompt, output) for prompt, output in requests]
    for sequence in sequences:
        batcher.submit(sequence)
    order: list[Sequence] = []
    while not batcher.is_idle:
        before = sum(s.prefilled for s in sequences)
        assert batcher.begin_step() >= 10 * MS
        order += batcher.admitted
        inside = [*batcher.prefilling, *batcher.decoding]
        assert len(inside) <= slots
        assert batcher.kv_used == sum(s.reserved_tokens for s in inside) <= kv_tokens
        assert sum(s.prefilled for s in sequences) - before <= budget
        batcher.end_step()
    assert order == sequences
    assert [s.generated for s in sequences] == [s.max_tokens for s in sequences]
