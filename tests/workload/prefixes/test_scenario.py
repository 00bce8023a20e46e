"""Scenario files of AISBench's prefix-cache plugin, by the hits of the prompts that are made for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.cache_hits import theoretical_hits, token_blocks
from aisbench.workload.datasets.registry import dataset_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.words import WORDS

NUMBERS = {word: i for i, word in enumerate(WORDS)}


def scenario(**cache: Any) -> dict[str, Any]:
    return {
        "schema_version": "1.0",
        "run": {"run_id": "a", "random_seed": 7},
        "corpus": {"path": "./GSM8K.jsonl", "field": "question"},
        "requests": {"count": 60, "input_length": {"mode": "fixed", "value": 400}},
        "prefix_cache": {"target_hit_rate": 0.6, "groups": {"count": 3}, **cache},
        "service": {"dp_size": 1},
    }


def made(folder: Path, content: dict[str, Any], **more: Any) -> Prompts:
    path = folder / "scenario.json"
    path.write_text(json.dumps(content))
    options = WorkloadOptions(
        model="m", dataset="prefix-cache-scenario", dataset_path=str(path), **{"count": None, **more}
    )
    return dataset_named(options.dataset).make(options, backend_named("openai"))


@pytest.mark.parametrize(("mode", "fills"), [("warmup", 3), ("cold", 0)])
def test_the_target_is_met(tmp_path: Path, mode: str, fills: int) -> None:
    prompts = made(tmp_path, scenario(mode=mode, order={"strategy": "interleave"}))
    items = list(prompts.items)
    assert [(one.prompt_tokens, one.output_tokens) for one in items] == [(400, 32)] * 60
    assert len(prompts.fill) == fills
    ids = [[NUMBERS[word] for word in one.text.split()] for one in (*prompts.fill, *items)]
    hits = theoretical_hits([token_blocks(one, 16) for one in ids], list(map(len, ids)), 16)
    assert hits.tokens[fills:].sum() / hits.prompt_tokens[fills:].sum() == pytest.approx(0.6, abs=0.001)
    assert items[0].text[:99] == items[3].text[:99] != items[1].text[:99]
    assert prompts.notes[0].startswith("the corpus of scenario.json is not read")


def test_groups_have_weights_and_ranks_are_noted(tmp_path: Path) -> None:
    groups = {"count": 2, "assignment": {"mode": "weights", "weights": [3, 1]}}
    content = scenario(groups=groups, order={"strategy": "sequential"})
    del content["service"]
    prompts = made(tmp_path, content, count=40)
    beginnings = [one.text[:99] for one in prompts.items]
    assert (beginnings[:30], beginnings[30:]) == ([beginnings[0]] * 30, [beginnings[39]] * 10)
    assert "for 2 data-parallel ranks" in prompts.notes[1]


def with_key(name: str, value: Any) -> dict[str, Any]:
    content = scenario()
    *owners, key = name.split(".")
    owner = content
    for one in owners:
        owner = owner.setdefault(one, {})
    owner[key] = value
    return content


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("speed", {}, "speed is unknown; known: run, tokenizer"),
        ("prefix_cache.rate", 1, "prefix_cache.rate is unknown; known: mode"),
        ("prefix_cache.mode", "hot", "prefix_cache.mode must be warmup or cold, got 'hot'"),
        ("prefix_cache.target_hit_rate", 1.5, "--prefix-hit-rate must be a number from 0"),
        ("prefix_cache.groups.overrides", {"group-0": {}}, "overrides is not followed"),
        ("prefix_cache.groups.assignment", {"mode": "weights"}, "assignment must have the mode uniform"),
        ("prefix_cache.order.strategy", "best", "order.strategy must be one of interleave, sequential"),
        ("requests.count", "many", 'requests.count must be a whole number of at least 1, got "many"'),
        ("requests.input_length", {"mode": "csv"}, "requests.input_length must be .* other modes are not followed"),
        ("tokenizer", [], r"tokenizer must be an object, got \[\]"),
        ("schema_version", "2.0", "schema_version must be 1.0, got '2.0'"),
    ],
)  # fmt: skip
def test_keys_that_cannot_be_followed_are_named(tmp_path: Path, name: str, value: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        made(tmp_path, with_key(name, value))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text("{")
    for name, message in (
        ("a", "has no object `prefix_cache`"),
        ("b", "is not JSON"),
        ("c", "cannot be read"),
    ):
        options = WorkloadOptions(
            count=1, model="m", dataset="prefix-cache-scenario", dataset_path=str(tmp_path / f"{name}.json")
        )
        with pytest.raises(BadInput, match=message):
            dataset_named(options.dataset).make(options, backend_named("openai"))
