"""The simulator's prefix cache: what it keeps, what it tells, and that it saves time."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from aisbench.errors import BadInput
from aisbench.simulator.model.parameters import Parameters
from aisbench.simulator.model.prefix_cache import PrefixCache, tokens_of
from aisbench.simulator.model.replicas import Replicas
from aisbench.workload.cache_hits import theoretical_hits, token_blocks
from tests.simulator.client import CHAT, COMPLETIONS, request
from tests.simulators import start_simulator


def words(name: str, count: int) -> str:
    return " ".join(f"{name}{i}" for i in range(count))


def take(cache: PrefixCache, prompt: Any) -> int:
    return cache.take(list(tokens_of(prompt)))


def test_whole_blocks_from_the_beginning_are_found_again() -> None:
    cache = PrefixCache(1000, 16)
    assert take(cache, words("a", 40)) == 0
    assert take(cache, words("a", 40)) == 32
    # The last token is computed in any case.
    assert take(cache, words("a", 32)) == 16
    assert take(cache, f"{words('a', 20)} {words('b', 20)}") == 16
    assert take(cache, f"x {words('a', 40)}") == 0
    assert take(cache, [{"role": "user", "content": [{"type": "text", "text": words("a", 40)}]}]) == 32
    cache.clear()
    assert take(cache, words("a", 40)) == 0


def test_token_ids_and_prompts_too_short_for_a_block() -> None:
    cache = PrefixCache(1000, 16)
    assert [take(cache, list(range(50))) for _ in range(2)] == [0, 48]
    assert [take(cache, [list(range(100, 150))]) for _ in range(2)] == [0, 48]
    assert [take(cache, "a b") for _ in range(2)] == [0, 0]
    assert [take(cache, None) for _ in range(2)] == [0, 0]


def test_what_was_used_least_recently_goes_first() -> None:
    cache = PrefixCache(64, 16)
    for name in "ab":
        take(cache, words(name, 40))
    assert take(cache, words("a", 40)) == 32
    take(cache, words("c", 40))
    assert [take(cache, words(name, 40)) for name in "ab"] == [32, 0]
    # Of blocks used together, the last goes first: the beginning of `a` is still there.
    cache = PrefixCache(64, 16)
    take(cache, words("a", 50))
    take(cache, words("b", 40))
    assert take(cache, words("a", 50)) == 32
    # Of a prompt longer than the cache, its beginning is kept.
    take(cache, words("long", 100))
    assert take(cache, words("long", 100)) == 64
    assert take(PrefixCache(0, 16), words("a", 40)) == 0


@pytest.mark.parametrize(("capacity", "block"), [(600, 8), (4_000, 16), (1_000_000, 16)])
def test_it_finds_what_the_theory_finds(capacity: int, block: int) -> None:
    draw = random.Random(7)
    heads = [[draw.randrange(1000) for _ in range(60)] for _ in range(20)]
    prompts = [
        heads[draw.randrange(20)][: draw.randrange(10, 60)]
        + [draw.randrange(1000) for _ in range(draw.randrange(40))]
        for _ in range(500)
    ]
    cache = PrefixCache(capacity, block)
    found = [cache.take(prompt) for prompt in prompts]
    lengths = [len(prompt) for prompt in prompts]
    theory = theoretical_hits(
        [token_blocks(prompt, block) for prompt in prompts], lengths, block, capacity // block
    )
    last = [(length - 1) // block * block for length in lengths]
    assert found == [min(pair) for pair in zip(theory.tokens.tolist(), last, strict=True)]
    assert sum(found) > 1000


def test_an_answer_is_cached_but_for_its_last_token() -> None:
    replicas = Replicas(Parameters(prefix_cache_tokens=1000, prefix_cache_block=4))
    replicas.take("a b c", b"").answered(["d", "e", "f", "g", "h", "i"])
    assert replicas.take("a b c d e f g h i j", b"").found == 8


def test_a_router_sends_sessions_to_one_replica_and_others_to_any() -> None:
    def found(router: str, *, header: bool = False) -> list[int]:
        replicas = Replicas(
            Parameters(prefix_cache_tokens=100_000, prefix_cache_block=4, replicas=4, router=router)
        )
        return [
            replicas.take(
                f"{words(f's{i % 5}', 20)} {words(f'r{i}', 4)}", b"header %d" % (i % 5) if header else b""
            ).found
            for i in range(50)
        ]

    assert found("sticky") == found("sticky", header=True) == [0] * 5 + [20] * 45
    # Each of 5 sessions is new to each of 4 replicas once.
    assert found("round-robin") == [0] * 20 + [20] * 30
    assert sum(found("random")) == pytest.approx(20 * (50 - 20), abs=60)
    assert found("random") != found("round-robin")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"prefix_cache_tokens": 10}, "--prefix-cache-tokens 10 holds no block of 16 tokens"),
        ({"replicas": 2}, "--replicas 2 differ only in their prefix caches"),
        ({"prefix_cache_block": 0}, "--prefix-cache-block must be a whole number of at least 1, got 0"),
    ],
)
def test_caches_that_could_hold_nothing(given: dict[str, int], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Parameters(**given).check()  # type: ignore[arg-type]


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
        assert (
            'vllm:cache_config_info{block_size="16",enable_prefix_caching="True",engine="0",'
            'model_name="simulated-8b",num_gpu_blocks="257"} 1.0'
        ) in page
        assert request(port, "GET", "/reset_prefix_cache").status == 405
        assert request(port, "POST", "/reset_prefix_cache").status == 200
        assert cached() == 0
        chat = {"messages": [{"role": "user", "content": words("a", 64)}], "max_tokens": 1, "stream": True}
        stream = request(port, "POST", CHAT, chat | {"stream_options": {"include_usage": True}}).events
        assert stream[-2]["usage"]["prompt_tokens_details"] == {"cached_tokens": 48}


def test_each_replica_counts_and_other_apis_report_cached_tokens() -> None:
    flags = ["--prefix-cache-tokens", "4096", "--replicas", "2", "--router", "round-robin"]
    with start_simulator([*flags, "--decode-base-ms", "1"]) as simulator:
        port = simulator.port
        generate = {"text": words("a", 64), "sampling_params": {"max_new_tokens": 1}}
        respond = {"input": words("b", 64), "max_output_tokens": 1}
        told = [
            request(port, "POST", "/generate", generate).json["meta_info"]["cached_tokens"] for _ in range(4)
        ]
        assert told == [0, 0, 48, 48]
        told = [
            request(port, "POST", "/v1/responses", respond).json["usage"]["input_tokens_details"][
                "cached_tokens"
            ]
            for _ in range(4)
        ]
        assert told == [0, 0, 48, 48]
        page = simulator.get("/metrics").decode()
        for engine in "01":
            labels = f'engine="{engine}",model_name="simulated-8b"'
            assert f"vllm:prefix_cache_queries_total{{{labels}}} 256.0" in page
            assert f"vllm:prefix_cache_hits_total{{{labels}}} 96.0" in page


def test_without_one_nothing_is_said(quick_simulator) -> None:  # type: ignore[no-untyped-def]
    answer = request(quick_simulator.port, "POST", COMPLETIONS, {"prompt": "a", "max_tokens": 1})
    assert "prompt_tokens_details" not in json.dumps(answer.json)
    assert b"prefix_cache" not in quick_simulator.get("/metrics")
    assert request(quick_simulator.port, "POST", "/reset_prefix_cache").status == 404
