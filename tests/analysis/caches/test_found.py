"""The caches in theory beside plain ones that do the same step by step."""

from __future__ import annotations

import random

import numpy as np
import pytest

from aisbench.analysis.caches.found import Blocks
from aisbench.analysis.caches.repeats import repeated
from aisbench.analysis.caches.streams import Streams
from aisbench.simulator.model.prefix_cache import PrefixCache


@pytest.fixture(scope="module")
def streams() -> Streams:
    """Requests of 30 groups, up to four at a time, some of which continue an earlier prompt and its answer."""
    draw = random.Random(3)
    heads = [[draw.randrange(500) for _ in range(60)] for _ in range(30)]
    prompts: list[list[int]] = []
    answers: list[list[int]] = []
    for i in range(400):
        head = heads[draw.randrange(30)][: draw.randrange(5, 60)]
        if i > 20 and draw.random() < 0.3:
            earlier = draw.randrange(i - 8)
            head = prompts[earlier] + answers[earlier]
        prompts.append(head + [draw.randrange(500) for _ in range(draw.randrange(1, 40))])
        answers.append([draw.randrange(1000, 2000) for _ in range(draw.randrange(30))])
    count = len(prompts)
    sent_ns = np.arange(count) * 10
    return Streams(
        rows=np.arange(count),
        sent_ns=sent_ns,
        done_ns=sent_ns + np.array([draw.randrange(1, 40) for _ in range(count)]),
        prompts=[np.array(prompt, np.int32) for prompt in prompts],
        answers=[np.array(answer, np.int32) for answer in answers],
        scopes=np.zeros(count, np.int64),
        scale=np.ones(count),
        tokens_from="token ids",
        sampled=False,
    )


@pytest.mark.parametrize(("tokens", "block"), [(400, 4), (2_000, 16), (10_000, 16), (None, 7), (1_000, 1)])
def test_a_cache_finds_what_one_that_runs_along_finds(
    streams: Streams, tokens: int | None, block: int
) -> None:
    cache = PrefixCache(1 << 40 if tokens is None else tokens, block)
    events = [(int(at), 0, i) for i, at in enumerate(streams.sent_ns)]
    events += [(int(at), 1, i) for i, at in enumerate(streams.done_ns)]
    found = np.zeros(len(streams.prompts), np.int64)
    for _, ended, i in sorted(events):
        prompt, answer = streams.prompts[i].tolist(), streams.answers[i].tolist()
        if ended:
            cache.keep([*prompt, *answer[:-1]])
        else:
            found[i] = cache.take(prompt)
    blocks = Blocks(streams, block)
    assert blocks.hits(cache_tokens=tokens).tolist() == found.tolist()
    assert found.sum() > 1000
    if tokens is None:
        assert blocks.new_tokens() == len(cache.blocks) * block


def test_servers_share_nothing(streams: Streams) -> None:
    blocks = Blocks(streams, 16)
    even = np.arange(len(streams.rows)) % 2 == 0
    both = blocks.hits(even) + blocks.hits(~even)
    assert not (both > blocks.hits()).any()
    assert 0 < both.sum() < 0.95 * blocks.hits().sum()
    assert blocks.hits(np.zeros(len(even), np.bool_)).sum() == 0


def test_repeats_are_counted_token_by_token(streams: Streams) -> None:
    found = repeated(streams.prompts, streams.answers, [0] * len(streams.prompts))
    seen: set[tuple[int, ...]] = set()
    for i, (prompt, answer) in enumerate(zip(streams.prompts, streams.answers, strict=True)):
        tokens = prompt.tolist()
        longest = 0
        while longest < len(tokens) and tuple(tokens[: longest + 1]) in seen:
            longest += 1
        assert found[i] == longest
        whole = [*tokens, *answer.tolist()[:-1]]
        seen |= {tuple(whole[: end + 1]) for end in range(len(whole))}
    apart = repeated(streams.prompts, streams.answers, list(range(len(streams.prompts))))
    assert apart.sum() == 0
