"""What tells two workloads apart: reuse of prefixes, lengths, tokenizer, files."""

from __future__ import annotations

import hashlib
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.workload import prefix_reuse
from aisbench.workload.build import build_workload
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prefix_reuse import BLOCK, PrefixReuse, prompt_bytes
from aisbench.workload.recipe import Recipe


def share_of(*texts: bytes) -> float:
    reuse = PrefixReuse()
    for text in texts:
        reuse.add(text)
    return reuse.share


@given(
    st.lists(st.lists(st.integers(0, 2), max_size=6), min_size=1, max_size=12),
    st.lists(st.integers(0, BLOCK - 1), min_size=12, max_size=12),
)
def test_reuse_is_what_a_cache_of_blocks_would_find(prompts: list[list[int]], tails: list[int]) -> None:
    made = [
        b"".join(bytes([65 + block]) * BLOCK for block in blocks) + b"z" * tail
        for blocks, tail in zip(prompts, tails, strict=False)
    ]
    cached: set[bytes] = set()
    found = 0
    for text in made:
        ends = range(BLOCK, len(text) + 1, BLOCK)
        found += sum(text[:end] in cached for end in ends)
        cached |= {text[:end] for end in ends}
    total = sum(map(len, made))
    assert share_of(*made) == pytest.approx(found * BLOCK / total if total else 0.0)


def test_only_beginnings_count() -> None:
    a, b = b"a" * BLOCK, b"b" * BLOCK
    assert share_of(a + b, b + a) == 0
    assert share_of(a + b, a + b) == 0.5
    assert share_of(a + b, a + a) == 0.25
    assert share_of(b"", b"short") == 0


def test_long_workloads_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix_reuse, "MOST_HELD", 5000)
    rng = random.Random(1)
    prefixes = [rng.randbytes(40 * BLOCK) for _ in range(20)]
    reuse = PrefixReuse()
    for i in range(500):
        reuse.add(prefixes[i % 20] + rng.randbytes(60 * BLOCK))
    assert reuse.share == pytest.approx(0.4 * 480 / 500, abs=0.03)
    assert len(reuse.different) <= 5000 < reuse.blocks


def test_what_of_a_prompt_is_looked_at() -> None:
    assert prompt_bytes(Prompt("", 2, 1, (1, 256))) == b"\1\0\0\0\0\1\0\0"
    assert prompt_bytes(Prompt("a\ud800", 2, 1)) == b"a\xed\xa0\x80"
    assert prompt_bytes(Prompt("q", 2, 1, documents=("d", "e"))) == b"q\nd\ne"
    assert prompt_bytes(Prompt("", 2, 1, body=b"{}")) == b"{}"
    assert prompt_bytes(Prompt("t", 2, 1, body=b"{}")) == b"t"


def facts(folder: Path, **given: Any) -> dict[str, Any]:
    options = WorkloadOptions(**{"count": 20, "model": "m", "input_len": 9, "output_len": 2, **given})
    made = build_workload(Recipe(options, backend_named("openai")), folder)
    assert made.fingerprint["bodies"] == made.bodies.fingerprint
    lengths = made.prompt_tokens
    spread = made.fingerprint["prompt_tokens"]
    assert spread["sha256"] == hashlib.sha256(lengths.astype("<i4").tobytes()).hexdigest()
    assert [spread["min"], spread["max"], spread["mean"]] == [lengths.min(), lengths.max(), lengths.mean()]
    assert spread["p50"] == np.median(lengths)
    return made.fingerprint


def test_lengths_are_spread_as_planned(tmp_path: Path) -> None:
    found = facts(tmp_path, range_ratio=(0.5, 0.0))
    assert (found["requests"], found["unique_prompts"]) == (20, 20)
    assert found["dataset"] == {"name": "random", "seed": 0, "sha256": None}
    assert found["tokenizer"] is None
    assert found["prompt_tokens"]["min"] < found["prompt_tokens"]["p99"] <= found["prompt_tokens"]["max"]


def test_a_shared_prefix_is_seen(tmp_path: Path) -> None:
    assert facts(tmp_path)["prefix_reuse"] == 0
    assert facts(tmp_path, prefix_len=400)["prefix_reuse"] > 0.9


def test_the_file_is_told_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a"}')
    found = facts(tmp_path, dataset="jsonl", dataset_path=str(path), input_len=None)
    assert found["dataset"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_another_class_of_tokenizer_is_seen_though_its_files_are_the_same(
    tmp_path: Path, tiny_folder: Path
) -> None:
    folder = tmp_path / "tokenizer"
    shutil.copytree(tiny_folder, folder)
    alone = facts(tmp_path, tokenizer=str(folder))["tokenizer"]
    assert alone["vocabulary"] == 13
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}')
    other = facts(tmp_path, tokenizer=str(shutil.copytree(folder, tmp_path / "other")))["tokenizer"]
    assert other["sha256"] != alone["sha256"]
    assert other["class"] != alone["class"]
