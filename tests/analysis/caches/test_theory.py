"""The theory of a run's prefix cache in summary.json, and the causes that it names."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.blocks.prefix_cache import prefix_cache_block
from aisbench.analysis.caches import streams as caches_streams
from aisbench.analysis.measured import Measured
from tests.analysis.caches.made import run_of, theory_of, words
from tests.analysis.made_runs import START_NS


def named(theory: Any) -> dict[str, float]:
    return {cause["cause"]: round(cause["share"], 4) for cause in theory["causes"]}


def test_only_whole_blocks_are_found_and_never_the_last_token(tmp_path: Path) -> None:
    bodies = [{"prompt": words("a", 32)}] * 2 + [{"prompt": f"{words('a', 30)} x"}]
    run = run_of(tmp_path, bodies, prompt_tokens=[32, 32, 31], cached=[0, 16, 16])
    theory = theory_of(run)
    assert theory["tokens_from"] == "words"
    assert (theory["block_tokens"], theory["block_from"]) == (16, "default")
    assert theory["repeated_share"] == (32 + 30) / 95
    assert theory["endless_share"] == theory["actual_share"] == 32 / 95
    assert theory["lru_share"] is theory["cache_tokens"] is theory["spread_share"] is None
    assert named(theory) == {"blocks": round(30 / 95, 4)}
    assert "whole blocks of 16 tokens" in theory["causes"][0]["text"]


def test_sizes_come_from_options_or_from_the_servers_metrics(tmp_path: Path) -> None:
    bodies = [{"prompt": words(name, 40)} for name in "abab"]
    given: dict[str, Any] = {"prompt_tokens": [40] * 4, "cached": [0, 0, 0, 0]}
    run = run_of(tmp_path / "option", bodies, **given, config={"cache_tokens": 40, "cache_block": 8})
    theory = theory_of(run)
    assert (theory["block_from"], theory["cache_from"], theory["cache_tokens"]) == ("option", "option", 40)
    assert (theory["endless_share"], theory["lru_share"]) == (64 / 160, 0)
    assert theory["needed_tokens"] == 80
    assert named(theory) == {"blocks": 0.1, "evicted": 0.4}
    run = run_of(tmp_path / "metrics", bodies, **given)
    values = {"cache_block": 16.0, "cache_tokens": 640.0, "caches": 1.0, "prefix_hits": 0.0}
    line = {"t_ns": START_NS, "endpoint": 0, "values": values}
    (run.records / "server.jsonl").write_text(json.dumps(line) + "\n")
    theory = theory_of(run)
    assert (theory["block_from"], theory["cache_from"], theory["cache_tokens"]) == ("metrics", "metrics", 640)
    assert theory["lru_share"] == theory["endless_share"] == 64 / 160
    # One cache cannot be routed past.
    assert named(theory) == {"blocks": 0.1, "unexplained": 0.4}


def test_more_than_the_theory(tmp_path: Path) -> None:
    bodies = [{"prompt": words(name, 40)} for name in "ab"]
    theory = theory_of(run_of(tmp_path, bodies, prompt_tokens=[40, 40], cached=[32, 32]))
    assert (theory["endless_share"], theory["actual_share"]) == (0, 0.8)
    assert named(theory) == {"more": 0.8}


def test_several_urls_have_caches_of_their_own(tmp_path: Path) -> None:
    bodies = [{"prompt": words("a", 40)}] * 4
    run = run_of(
        tmp_path,
        bodies,
        prompt_tokens=[40] * 4,
        cached=[0, 0, 32, 32],
        endpoint=[0, 1, 0, 1],
        config={"cache_tokens": 1000},
        endpoints=["http://a", "http://b"],
    )
    theory = theory_of(run)
    assert (theory["endless_share"], theory["lru_share"], theory["actual_share"]) == (0.6, 0.4, 0.4)
    assert named(theory) == {"blocks": 0.15, "urls": 0.2}
    assert "--url-policy round-robin" in theory["causes"][1]["text"]
    assert theory["servers"] is not None
    assert [(one["url"], one["requests"], one["lru_share"]) for one in theory["servers"]] == [
        ("http://a", 2, 0.4),
        ("http://b", 2, 0.4),
    ]


def test_the_number_of_caches_behind_a_router_is_found(tmp_path: Path) -> None:
    draw = random.Random(5)
    groups = [draw.randrange(60) for _ in range(400)]
    bodies = [{"prompt": f"{words(f'g{group}', 64)} {words(f'r{i}', 16)}"} for i, group in enumerate(groups)]
    known: set[tuple[int, int]] = set()
    cached = []
    for group in groups:
        place = (draw.randrange(4), group)
        cached.append(64 if place in known else 0)
        known.add(place)
    run = run_of(tmp_path, bodies, prompt_tokens=[80] * 400, cached=cached, config={"cache_tokens": 100_000})
    theory = theory_of(run)
    assert theory["spread_over"] == 4
    assert theory["spread_share"] == pytest.approx(sum(cached) / 80 / 400, abs=0.02)
    assert list(named(theory)) == ["routed"]
    assert "4 caches" in theory["causes"][0]["text"]


def test_without_a_tokenizer_text_is_cut_evenly_by_the_servers_counts(tmp_path: Path) -> None:
    """The server counts tokens of three characters; ours are not at the same places."""
    draw = random.Random(6)
    heads = ["".join(draw.choices("abcdefgh ", k=1200)) for _ in range(10)]
    texts = [heads[draw.randrange(10)] + "".join(draw.choices("abcdefgh ", k=600)) for _ in range(200)]
    seen: set[str] = set()
    cached = []
    for text in texts:
        cached.append(400 // 16 * 16 if text[:1200] in seen else 0)
        seen.add(text[:1200])
    theory = theory_of(
        run_of(tmp_path, [{"prompt": text} for text in texts], prompt_tokens=[600] * 200, cached=cached)
    )
    assert theory["tokens_from"] == "text"
    assert theory["endless_share"] == pytest.approx(sum(cached) / 600 / 200, abs=0.02)


def test_a_template_before_every_prompt_is_found_in_the_cache(tmp_path: Path) -> None:
    bodies = [{"messages": [{"role": "user", "content": words(name, 40)}]} for name in "abc"]
    theory = theory_of(run_of(tmp_path, bodies, prompt_tokens=[60] * 3, cached=[0, 16, 16]))
    assert theory["tokens_from"] == "words"
    assert theory["endless_share"] == theory["actual_share"] == 32 / 180


def test_it_costs_nothing_where_nothing_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(tmp_path, [{"prompt": "a"}] * 3, prompt_tokens=[1] * 3, cached=-1)
    monkeypatch.setattr(caches_streams, "BodyFile", None)
    assert Measured(run).cache_theory is None


def test_a_long_run_is_sampled_and_bodies_may_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(tmp_path, [{"prompt": words("a", 40)}] * 10, prompt_tokens=[40] * 10, cached=0)
    assert theory_of(run)["sampled"] is False
    monkeypatch.setattr(caches_streams, "MOST_REQUESTS", 5)
    theory = theory_of(run)
    assert (theory["sampled"], theory["requests"]) == (True, 5)
    monkeypatch.setattr(caches_streams, "MOST_BLOCKS", 7)
    assert theory_of(run)["requests"] == 2
    (run.records / "bodies.bin").unlink()
    assert Measured(run).cache_theory is None


def test_the_servers_counters_stand_in_for_usage(tmp_path: Path) -> None:
    run = run_of(tmp_path, [{"prompt": words("a", 40)}] * 2, prompt_tokens=[40] * 2, cached=-1)
    lines = [
        {
            "t_ns": START_NS + at,
            "endpoint": 0,
            "values": {"prefix_queries": 40.0 * at, "prefix_hits": 16.0 * at},
        }
        for at in (0, 2)
    ]
    (run.records / "server.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    theory = theory_of(run)
    assert (theory["actual_share"], theory["actual_from"], theory["requests"]) == (0.4, "metrics", 2)
    assert np.isclose(theory["endless_share"], 0.4)


def test_hits_that_the_theory_explains_are_no_sign_of_a_warm_cache(tmp_path: Path) -> None:
    """The share that repeats by blocks of bytes is lower than that by tokens."""
    bodies = [{"prompt": words("a", 33)}] * 2
    fingerprint = {"prefix_reuse": 0.1, "requests": 2}
    run = run_of(tmp_path, bodies, prompt_tokens=[33, 33], cached=[0, 32], fingerprint=fingerprint)
    block = prefix_cache_block(Measured(run))
    assert block is not None
    assert block["workload_share"] == pytest.approx(0.1)
    assert block["unexplained_share"] == 0
