"""Recorded traffic: formats, times, and blocks that are shared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.registry import dataset_named

COMPLETIONS, CHAT = backend_named("openai"), backend_named("openai-chat")
AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,40,44
2023-11-16 18:17:04.0319600,39,10
2023-11-16 18:17:03.9899600,8,5
"""
BURST = """Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,47,18,65,Conversation log
45.5,GPT-4,6,276,282,Conversation log
45.5,GPT-4,9,1,10,API log
50,GPT-4,9,0,9,API log
"""


def made(path: Path, backend: Any = COMPLETIONS, dataset: str = "trace", **given: Any) -> Prompts:
    options = WorkloadOptions(
        **({"count": None, "model": "m", "dataset": dataset, "dataset_path": str(path)} | given)
    )
    return dataset_named(dataset).make(options, backend)


def mooncake(folder: Path, *rows: tuple[float, int, int, list[int]]) -> Path:
    path = folder / "trace.jsonl"
    names = ("timestamp", "input_length", "output_length", "hash_ids")
    path.write_text("\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows))
    return path


def test_azure(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(AZURE)
    prompts = made(tmp_path / "a.csv")
    assert prompts.arrivals_ns is not None
    assert prompts.arrivals_ns.tolist() == [0, 10_000_000, 52_000_000]
    assert [(p.prompt_tokens, p.output_tokens) for p in prompts.items] == [(40, 44), (8, 5), (39, 10)]
    assert any("(azure)" in note for note in prompts.notes)


def test_burstgpt_leaves_failed_requests_out_and_keeps_the_order_of_equal_times(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(BURST)
    prompts = made(tmp_path / "b.csv", speedup=10.0)
    assert prompts.arrivals_ns is not None
    assert prompts.arrivals_ns.tolist() == [0, 4_050_000_000, 4_050_000_000]
    assert [p.prompt_tokens for p in prompts.items] == [47, 6, 9]
    assert "1 requests of the trace had failed and are left out" in prompts.notes


def test_equal_hash_ids_are_equal_blocks(tmp_path: Path) -> None:
    path = mooncake(
        tmp_path, (0, 10, 3, [1, 2, 3]), (1, 12, 3, [1, 2, 9]), (2, 6, 3, [2, 1]), (3, 11, 1, [1, 2])
    )
    words = [p.text.split() for p in made(path, block_size=4).items]
    assert [len(text) for text in words] == [10, 12, 6, 11]
    assert words[0][:8] == words[1][:8] == words[3][:8]
    assert words[0][8:] != words[1][8:10]
    assert words[2] == words[0][4:8] + words[0][:2], "a block that is cut is the beginning of the whole one"
    assert words[3][8:] != words[1][8:11], "what no block fills is the request's own"
    again = made(path, block_size=4)
    assert [p.text.split() for p in again.items] == words
    assert [p.text.split() for p in made(path, block_size=4, seed=1).items] != words
    # Whole blocks only: 8 of the second request's tokens, and 8 of the fourth's.
    assert any("16 of 39 input tokens (41.0%) repeat" in note for note in again.notes)


def test_what_a_block_holds_stays_from_release_to_release(tmp_path: Path) -> None:
    path = mooncake(tmp_path, (0, 4, 1, [46]))
    assert [p.text for p in made(path).items] == ["night one port simple"]


def test_ids_are_sent_where_they_are_taken(tmp_path: Path, tiny_folder: Path, tiny: Any) -> None:
    path = mooncake(tmp_path, (0, 9, 3, [5]))
    (sent,) = made(path, tokenizer=str(tiny_folder)).items
    assert len(sent.token_ids or ()) == 9
    assert not set(sent.token_ids or ()) & set(tiny.all_special_ids)
    (text,) = made(path, CHAT, tokenizer=str(tiny_folder)).items
    assert text.token_ids is None
    assert len(text.text.split()) == 9


def test_vllms_timed_trace_is_in_seconds_and_blocks_of_16(tmp_path: Path) -> None:
    path = mooncake(tmp_path, (1.5, 40, 3, [1, 2, 3]), (2, 40, 3, [1, 2, 4]))
    prompts = made(path, dataset="timed_trace")
    assert prompts.arrivals_ns is not None
    assert prompts.arrivals_ns.tolist() == [0, 500_000_000]
    first, second = (p.text.split() for p in prompts.items)
    assert first[:32] == second[:32]
    assert first[32:] != second[32:]


def test_only_as_many_as_asked_for(tmp_path: Path) -> None:
    path = mooncake(tmp_path, *((t, 5, 1, []) for t in range(10)))
    assert made(path, count=4).count == 4
    assert made(path, count=40).count == 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"timestamp": 1, "input_length": 5, "output_length": 0}', "line 1: an output length of 0"),
        ('{"timestamp": "a", "input_length": 5, "output_length": 1}', "timestamp is 'a'"),
        ('{"timestamp": 1, "output_length": 1}', "input_length is None"),
        ('{"timestamp": 1, "input_length": 5, "output_length": 1, "hash_ids": [1.5]}', "a hash id is 1.5"),
        ('{"timestamp": 1e30, "input_length": 5, "output_length": 1}', "a time that is too far away"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,1\n", "time 'yesterday' is no date and time"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16,x,1\n", "ContextTokens is 'x', not a number"),
        ("a,b\n1,2\n", "looks like no trace"),
    ],
)
def test_what_is_no_trace(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "trace").write_text(text)
    with pytest.raises(BadInput, match=said):
        made(tmp_path / "trace")


def test_a_format_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(BURST)
    with pytest.raises(BadInput, match="--trace-format 'azur' is unknown; known: mooncake"):
        made(tmp_path / "b.csv", trace_format="azur")
    with pytest.raises(BadInput, match="no column 'TIMESTAMP'"):
        made(tmp_path / "b.csv", trace_format="azure")
