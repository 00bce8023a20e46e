"""The simulator's prefix cache: what it keeps, what it tells, and that it saves time."""

from __future__ import annotations

import json

import pytest

from aisbench.simulator.model.prefix_cache import BLOCK_TOKENS, PrefixCache
from aisbench.simulator.process import start_simulator
from tests.simulator.client import CHAT, COMPLETIONS, request


def words(name: str, count: int) -> str:
    return " ".join(f"{name}{i}" for i in range(count))


def test_whole_blocks_from_the_beginning_are_found_again() -> None:
    cache = PrefixCache(1000)
    assert cache.take(words("a", 40)) == 0
    assert cache.take(words("a", 40)) == 32
    # The last token is computed in any case.
    assert cache.take(words("a", 32)) == 16
    assert cache.take(f"{words('a', 20)} {words('b', 20)}") == 16
    assert cache.take(f"x {words('a', 40)}") == 0
    assert cache.take([{"role": "user", "content": [{"type": "text", "text": words("a", 40)}]}]) == 32
    cache.clear()
    assert cache.take(words("a", 40)) == 0


def test_token_ids_and_prompts_too_short_for_a_block() -> None:
    cache = PrefixCache(1000)
    assert [cache.take(list(range(50))) for _ in range(2)] == [0, 48]
    assert [cache.take([list(range(100, 150))]) for _ in range(2)] == [0, 48]
    assert [cache.take("a b") for _ in range(2)] == [0, 0]
    assert [cache.take(None) for _ in range(2)] == [0, 0]


def test_what_was_used_least_recently_goes_first() -> None:
    cache = PrefixCache(4 * BLOCK_TOKENS)
    for name in "ab":
        cache.take(words(name, 40))
    assert cache.take(words("a", 40)) == 32
    cache.take(words("c", 40))
    assert [cache.take(words(name, 40)) for name in "ab"] == [32, 0]
    assert PrefixCache(0).take(words("a", 40)) == 0


@pytest.mark.xdist_group("timing")
def test_the_server_saves_time_and_says_so() -> None:
    flags = ["--prefix-cache-tokens", "4096", "--prefill-us-per-token", "4000", "--decode-base-ms", "1"]
    body = {"prompt": words("a", 64), "max_tokens": 1}
    with start_simulator(flags) as simulator:
        port = simulator.port

        def cached() -> int:
            counts = request(port, "POST", COMPLETIONS, body).json["usage"]
            return int(counts["prompt_tokens_details"]["cached_tokens"])

        assert [cached(), cached()] == [0, 48]
        truth = simulator.truth()
        assert (truth["prompt_tokens"], truth["cached_tokens"]) == (128, 48)
        # 64 tokens of 4 ms, then 16 of them.
        assert truth["ttft"]["max_ms"] > 256
        assert truth["ttft"]["mean_ms"] < 200
        page = simulator.get("/metrics").decode()
        assert 'vllm:prefix_cache_queries_total{engine="0",model_name="simulated-8b"} 128.0' in page
        assert 'vllm:prefix_cache_hits_total{engine="0",model_name="simulated-8b"} 48.0' in page
        assert request(port, "GET", "/reset_prefix_cache").status == 405
        assert request(port, "POST", "/reset_prefix_cache").status == 200
        assert cached() == 0
        chat = {"messages": [{"role": "user", "content": words("a", 64)}], "max_tokens": 1, "stream": True}
        stream = request(port, "POST", CHAT, chat | {"stream_options": {"include_usage": True}}).events
        assert stream[-2]["usage"]["prompt_tokens_details"] == {"cached_tokens": 48}


def test_without_one_nothing_is_said(quick_simulator) -> None:  # type: ignore[no-untyped-def]
    answer = request(quick_simulator.port, "POST", COMPLETIONS, {"prompt": "a", "max_tokens": 1})
    assert "prompt_tokens_details" not in json.dumps(answer.json)
    assert b"prefix_cache" not in quick_simulator.get("/metrics")
    assert request(quick_simulator.port, "POST", "/reset_prefix_cache").status == 404
