"""Recorded traffic: formats, times, and blocks that are shared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.registry import dataset_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

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
    assert "1 failed requests of the trace are left out" in prompts.notes


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
    more = made(path, count=40)
    assert more.count == 10
    assert "the trace has 10 requests, fewer than the 40 requested" in more.notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '{"timestamp": 1, "input_length": 5, "output_length": 0}',
            r"its one line cannot be used: an output length of 0 \(line 1\)",
        ),
        ('{"timestamp": "a", "input_length": 5, "output_length": 1}', "timestamp is 'a'"),
        ('{"timestamp": 1, "output_length": 1}', "input_length is missing"),
        (
            '{"timestamp": 1, "input_length": 5, "output_length": 1, "hash_ids": [1.5]}',
            "a hash id is 1.5, neither",
        ),
        ('{"timestamp": 1e30, "input_length": 5, "output_length": 1}', "time 1e.30 is out of range"),
        (
            "TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,1\n",
            "time 'yesterday' is not a date and time",
        ),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16,x,1\n", "ContextTokens is 'x', not a number"),
        ("a,b\n1,2\n", "is not a trace: neither"),
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


def test_rows_that_cannot_be_used_are_left_out_and_counted(tmp_path: Path) -> None:
    path = mooncake(tmp_path, *((t, 5, 0 if t in (3, 7) else 1, []) for t in range(200)))
    path.write_text(path.read_text() + "\n\n{broken\n")
    prompts = made(path)
    assert prompts.count == 198
    (said,) = (note for note in prompts.notes if "left out" in note)
    assert said.startswith("left out 3 of 201 lines of trace.jsonl (an error with --strict-dataset)")
    assert "2 times an output length of 0 (lines 4, 8); broken JSON in column 2:" in said
    assert said.endswith("(line 202)")
    assert prompts.rows == {
        "used": 198,
        "left_out": 3,
        "kinds": [
            {"kind": "an output length of 0", "count": 2, "first_lines": [4, 8]},
            {"kind": "broken JSON", "count": 1, "first_lines": [202]},
        ],
    }
    with pytest.raises(BadInput, match=r"3 of 201 lines cannot be used: .* without --strict-dataset"):
        made(path, strict_dataset=True)


@pytest.mark.parametrize(
    ("zone", "hours"), [("+08:00", -8), ("-0530", 5.5), ("Z", 0), (" UTC", 0), ("", 0), ("+09", -9)]
)
def test_offsets_from_utc_are_understood(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, zone: str, hours: float
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        f"TIMESTAMP,ContextTokens,GeneratedTokens\n2024-02-29T23:59:59.9930001{zone},8,2\n"
        f"2024-03-01 12:00:00Z,9,2\n"
    )
    prompts = made(path)
    assert prompts.arrivals_ns is not None
    assert prompts.arrivals_ns[1] == round((12 - hours) * 3600e9) + 6_999_900
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize(
    ("times", "dataset", "said"),
    [
        ((0, 0.25, 0.5), "trace", "3 requests in 0.0005 s; that is 4,000 requests/s; if they are seconds, give --dataset timed_trace, or --speedup 0.001"),
        ((0, 1, 2, 3), "trace", "that is 1,000 requests/s; if they are seconds"),
        ((1.7e9, 1.7e9 + 40, 1.7e9 + 70), "trace", "if they are seconds, give --dataset timed_trace, or --speedup 0.001, as the first looks like seconds since 1970"),
        ((1.7e15, 1.7e15 + 4e6), "trace", "if they are microseconds, give --speedup 1000, as the first looks like microseconds since 1970"),
        ((1.7e12, 1.7e12 + 4e3), "timed_trace", "if they are milliseconds, give --speedup 1000"),
        ((0, 9e9, 15e9), "trace", "that is one request in 7,500,000 s; if they are microseconds, give --speedup 1000"),
        ((0, 3e7), "timed_trace", "if they are milliseconds, give --speedup 1000"),
    ],
)  # fmt: skip
def test_times_in_another_unit_are_noticed(
    tmp_path: Path, times: tuple[float, ...], dataset: str, said: str
) -> None:
    prompts = made(mooncake(tmp_path, *((t, 5, 1, []) for t in times)), dataset=dataset)
    (note,) = (note for note in prompts.notes if note.startswith("times are read as"))
    assert said in note


@pytest.mark.parametrize(
    ("times", "dataset", "said"),
    [
        ((0, 150, 420), "trace", "times are read as milliseconds: 3 requests in 0.42 s"),
        ((1.7e12, 1.7e12 + 4e3), "trace", "times are read as milliseconds: 2 requests in 4 s"),
        ((7, 7, 7), "trace", "times are read as milliseconds: 3 requests in 0 s"),
        ((3,), "timed_trace", "times are read as seconds: 1 requests in 0 s"),
        (("2024-01-01T00:00:00+01:00", "2023-12-31T23:00:03Z"), "trace", "in 3 s"),
    ],
)
def test_times_that_can_be_meant_raise_no_doubt(
    tmp_path: Path, times: tuple[Any, ...], dataset: str, said: str
) -> None:
    prompts = made(mooncake(tmp_path, *((t, 5, 1, []) for t in times)), dataset=dataset)
    (note,) = (note for note in prompts.notes if note.startswith("times are read as"))
    assert note.endswith(said)


def test_nanoseconds_since_1970_keep_all_their_digits(tmp_path: Path) -> None:
    first = 1_700_000_000_123_456_789
    path = mooncake(tmp_path, (first, 5, 1, []), (first + 1001, 5, 1, []))
    prompts = made(path, speedup=1e6)
    assert prompts.arrivals_ns is not None
    assert prompts.arrivals_ns.tolist() == [0, 1001]
    (note,) = (note for note in made(path).notes if "look" in note)
    assert "give --speedup 1000000, as the first looks like nanoseconds since 1970" in note
    with pytest.raises(BadInput, match="centuries apart"):
        made(mooncake(tmp_path, (0, 5, 1, []), (1.7e18, 5, 1, [])))


def test_times_are_not_wanted_where_something_else_says_when(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text('{"input_length": 12, "output_length": 4}\n{"input_length": 3, "output_length": 4}\n')
    prompts = made(path, own_times=False)
    assert prompts.arrivals_ns is None
    said = "the trace's own times are not used: the options say when requests leave"
    assert said not in prompts.notes
    assert [p.prompt_tokens for p in prompts.items] == [12, 3]
    with pytest.raises(
        BadInput, match=r"2 times timestamp is missing \(lines 1, 2\); for a trace without times, give --rate"
    ):
        made(path)
    with pytest.raises(BadInput, match="--speedup divides a trace's own times, which --rate"):
        made(path, own_times=False, speedup=2.0)
    (tmp_path / "a.csv").write_text("ContextTokens,GeneratedTokens\n12,4\n")
    assert made(tmp_path / "a.csv", own_times=False).count == 1
    with pytest.raises(BadInput, match="has no column 'TIMESTAMP'"):
        made(tmp_path / "a.csv")
    assert said in made(mooncake(tmp_path, (0, 5, 1, [])), own_times=False).notes


def test_output_lengths_can_be_given_where_a_trace_has_none(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(
        '{"timestamp": 0, "input_length": 5}\n{"timestamp": 9, "input_length": 5, "output_length": 3}'
    )
    assert [p.output_tokens for p in made(path, output_len=16).items] == [16, 3]
    with pytest.raises(BadInput, match=r"output_length is missing \(line 1\); without --strict"):
        made(path, strict_dataset=True)
    path.write_text('{"timestamp": 0, "input_length": 5}\n')
    with pytest.raises(BadInput, match="; for a trace without output lengths, give --output-len"):
        made(path)
    (tmp_path / "a.csv").write_text("TIMESTAMP,ContextTokens\n2024-01-01,12\n")
    assert [p.output_tokens for p in made(tmp_path / "a.csv", output_len=2).items] == [2]


def test_hash_ids_that_do_not_fit_the_lengths_are_noticed(tmp_path: Path) -> None:
    path = mooncake(tmp_path, (0, 12, 4, [7]), (250, 18, 4, [7, 8]), (500, 14, 4, []))
    (note,) = (note for note in made(path).notes if "hash ids" in note)
    assert note.startswith("1 of 3 requests have more or fewer hash ids than their input has blocks of 512")
    assert note.endswith("; --block-size 16 fits all")
    assert not any("hash ids" in note for note in made(path, block_size=16).notes)


def test_numbers_and_ids_as_other_programs_write_them(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    rows = (
        '{"timestamp": "0", "input_length": "600", "output_length": 3.0, "hash_ids": ["a1", "b2"]}',
        '{"timestamp": 900.5, "input_length": 600, "output_length": 3, "hash_ids": ["a1", -5]}',
        '{"timestamp": NaN, "input_length": 600, "output_length": 3}',
        '{"timestamp": 5, "input_length": 1e30, "output_length": 3}',
        '{"timestamp": 5, "input_length": 100000000000000000000000, "output_length": 3}',
        '{"timestamp": 5, "input_length": -3, "output_length": 3}',
    )
    path.write_text("\n".join(rows))
    prompts = made(path)
    first, second = (prompt.text.split() for prompt in prompts.items)
    assert first[:512] == second[:512]
    assert first[512:] != second[512:]
    (note,) = (note for note in prompts.notes if "left out" in note)
    assert (
        "timestamp is missing (line 3); 2 times input_length above 10000000 (lines 4, 5; the first: " in note
    )
    assert "input_length is -3; it must be at least 0 (line 6)" in note
