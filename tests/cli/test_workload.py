"""`aisbench workloads`, `aisbench workload export` and `import` as a user calls them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aisbench.cli.commands import group
from aisbench.cli.workload.workload import workload
from aisbench.cli.workload.workloads import workloads
from aisbench.errors import BadInput
from aisbench.workload.datasets.registry import DATASETS, PARTIAL
from tests.system.running import run_command

SMALL = ("--model", "m", "--num-requests", "6", "--input-len", "5", "--output-len", "3")
REPLAY = ("--dataset", "file", "--dataset-path")


def call(*args: str) -> str:
    done = CliRunner().invoke(workload, args, catch_exceptions=False, standalone_mode=False)
    return done.stdout


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_data_set_is_listed_with_options_that_exist() -> None:
    shown = CliRunner().invoke(workloads).stdout
    flags = {flag for option in group.get_command(None, "load").params for flag in option.opts}  # type: ignore[arg-type,union-attr]
    for name, dataset in DATASETS.items():
        assert f"\n{name}\n" in f"\n{shown}"
        assert set(dataset.options) <= flags
        assert set(dataset.options) <= set(PARTIAL.values())


def test_an_export_holds_the_bodies_lengths_and_times(tmp_path: Path) -> None:
    out = tmp_path / "w.jsonl"
    assert "6 requests written" in call("export", *SMALL, "--rate", "3", "--output", str(out))
    rows = lines(out)
    assert [row["slot"] for row in rows] == list(range(6))
    assert rows[-1]["planned_s"] == pytest.approx(2.0), "the last leaves at N / rate"
    for row in rows:
        assert row["sha256"] == hashlib.sha256(json.dumps(row["body"]).encode()).hexdigest()
        assert len(row["body"]["prompt"].split()) == row["prompt_tokens"] == 5
        assert row["body"]["max_tokens"] == row["max_tokens"] == 3
        assert row["body"]["model"] == "m"


def test_an_import_has_the_fingerprint_of_what_was_exported(tmp_path: Path) -> None:
    out, again = tmp_path / "w.jsonl", tmp_path / "again.jsonl"
    call(
        "export",
        *SMALL,
        "--rate",
        "3",
        "--prefix-len",
        "40",
        "--backend",
        "openai-chat",
        "--output",
        str(out),
    )
    facts = json.loads(call("import", str(out), "--json"))
    assert facts["requests"] == facts["unique_prompts"] == 6
    assert facts["prompt_tokens"]["p50"] == 45
    assert facts["planned_s"] == 2.0
    assert 0.5 < facts["prefix_reuse"] < 0.9
    assert f"bodies: {json.dumps(facts['bodies'])}" in call("import", str(out))
    call("export", *REPLAY, str(out), "--backend", "openai-chat", "--output", str(again))
    assert again.read_bytes() == out.read_bytes()


def test_in_closed_loop_nothing_is_planned(tmp_path: Path) -> None:
    out = tmp_path / "w.jsonl"
    call("export", *SMALL, "--concurrency", "2", "--output", str(out))
    assert {row["planned_s"] for row in lines(out)} == {None}


def test_conversations_are_exported_with_their_places_for_answers(tmp_path: Path) -> None:
    out, again = tmp_path / "c.jsonl", tmp_path / "again.jsonl"
    given = ("--dataset", "conversations", "--turns", "2", "--think-time", "0.5", "--backend", "openai-chat")
    call("export", *SMALL, *given, "--output", str(out))
    rows = lines(out)
    assert [row["conversation"] for row in rows] == [0, 0, 1, 1, 2, 2]
    assert {row["think_s"] for row in rows} == {0.5}
    assert "\ue0a1answer\ue0a1" in [m["content"] for m in rows[1]["body"]["messages"]]
    call("export", *REPLAY, str(out), "--backend", "openai-chat", "--output", str(again))
    assert again.read_bytes() == out.read_bytes()


def test_a_trace_keeps_its_times(tmp_path: Path) -> None:
    out, again = tmp_path / "t.jsonl", tmp_path / "again.jsonl"
    trace = tmp_path / "trace.jsonl"
    rows = [
        {"timestamp": t, "input_length": 9, "output_length": 2, "hash_ids": [1]} for t in (500, 100, 2100)
    ]
    trace.write_text("\n".join(json.dumps(row) for row in rows))
    given = ("export", "--model", "m", "--dataset", "trace", "--dataset-path", str(trace))
    call(*given, "--speedup", "2", "--output", str(out))
    assert [row["planned_s"] for row in lines(out)] == [0.0, 0.2, 1.0]
    call("export", *REPLAY, str(out), "--output", str(again))
    assert again.read_bytes() == out.read_bytes()
    for closed in (
        (*given, "--rate", "inf", "--concurrency", "2"),
        ("export", *REPLAY, str(out), "--rate", "inf", "--concurrency", "2"),
    ):
        call(*closed, "--output", str(again))
        assert {row["planned_s"] for row in lines(again)} == {None}
    call("export", *REPLAY, str(out), "--concurrency", "2", "--output", str(again))
    assert [row["planned_s"] for row in lines(again)] == [0.0, 0.2, 1.0]


def test_nothing_is_left_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--output .* cannot be written"):
        call("export", *SMALL, "--output", str(tmp_path / "missing" / "w.jsonl"))
    with pytest.raises(BadInput):
        call("export", "--dataset", "sharegpt", "--output", str(tmp_path / "w.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_stdout_holds_nothing_but_the_lines() -> None:
    done = run_command("workload", "export", *SMALL, "--output", "-")
    assert done.returncode == 0
    assert [json.loads(line)["slot"] for line in done.stdout.splitlines()] == list(range(6))
    assert "no --tokenizer was given" in done.stderr


def test_what_is_wrong_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"prompt": "a"}\n{"prompt"\n[1]\n{"text": "b"}\n{"prompt": "c", "output_tokens": 0}\n')
    named = ("--dataset", "jsonl", "--dataset-path")
    done = run_command("load", "--strict-dataset", *named, broken, cwd=tmp_path)
    assert done.returncode == 2
    # A line before the error says that the simulator is used, as no --url is given.
    assert len(done.stderr.splitlines()) == 2
    for said in (
        "4 of 5 lines cannot be used",
        "broken JSON in column 10: Expecting ':' delimiter (line 2)",
        "list instead of a JSON object (line 3)",
        "neither prompt nor messages, but text (line 4)",
        "output_tokens is 0; it must be at least 1 (line 5)",
    ):
        assert said in done.stderr


def test_an_export_of_whole_answers_is_imported_and_exported_again(tmp_path: Path) -> None:
    out, again = tmp_path / "w.jsonl", tmp_path / "again.jsonl"
    call("export", *SMALL, "--no-stream", "--output", str(out))
    assert json.loads(call("import", str(out), "--json"))["requests"] == 6
    call("export", *REPLAY, str(out), "--no-stream", "--output", str(again))
    assert again.read_bytes() == out.read_bytes()
    with pytest.raises(BadInput, match=r"its bodies ask for whole answers, .* give --no-stream"):
        call("export", *REPLAY, str(out), "--output", str(again))


def test_bodies_name_a_model_that_somebody_serves(tmp_path: Path) -> None:
    out, again = tmp_path / "w.jsonl", tmp_path / "again.jsonl"
    nameless = ("export", *SMALL[2:], "--output", str(out))
    with pytest.raises(BadInput, match="every body names its model: give --model, or the --url of a server"):
        call(*nameless)
    call(*nameless, "--backend", "tgi")
    assert "model" not in lines(out)[0]["body"], "TGI serves one model, which nobody names"
    call("export", *SMALL, "--output", str(out))
    call("export", *REPLAY, str(out), "--output", str(again))
    assert again.read_bytes() == out.read_bytes(), "what is exported again needs no model of its own"
    call("export", *REPLAY, str(out), "--model", "other", "--output", str(again))
    assert {row["body"]["model"] for row in lines(again)} == {"other"}


def turn(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def test_a_log_becomes_a_session_file_that_is_described_and_exported(tmp_path: Path) -> None:
    log, sessions, out = tmp_path / "log.jsonl", tmp_path / "sessions.jsonl", tmp_path / "w.jsonl"
    asked = {"role": "user", "content": "one two"}
    more = [asked, {"role": "assistant", "content": "three"}, {"role": "user", "content": "four"}]
    rows = [
        {"timestamp": i, "body": {"model": "x", "messages": m}}
        for i, m in enumerate(([asked], more, [asked]))
    ]
    log.write_text("\n".join(map(json.dumps, rows)))
    said = call("import", str(log), "--format", "workload_trace", "--output", str(sessions))
    assert said == f"2 sessions with 3 turns written to {sessions}\n"
    facts = json.loads(call("describe", str(sessions), "--json"))
    assert (facts["format"], facts["sessions"], facts["requests"]) == ("sessions", 2, 3)
    assert facts["turns_per_session"]["max"] == 2
    assert facts["prompt_tokens"]["max"] == 4
    assert facts["pauses_s"]["max"] == 1.0
    assert facts["times"]["span_s"] == 2.0
    text = call("describe", str(sessions))
    assert "Sessions           2, with 3 requests" in text
    call(
        "export",
        "--model",
        "m",
        "--backend",
        "openai-chat",
        "--dataset",
        "sessions",
        "--dataset-path",
        str(sessions),
        "--output",
        str(out),
    )
    assert [row["planned_s"] for row in lines(out)] == [0.0, 0.0, 2.0]
    assert json.loads(call("describe", str(out), "--json"))["format"] == "file"


def test_forks_and_joins_are_described_and_exported(tmp_path: Path) -> None:
    path, out, again = tmp_path / "s.jsonl", tmp_path / "w.jsonl", tmp_path / "again.jsonl"
    turns = [
        turn("plan"),
        turn("one"),
        {**turn("two"), "continues": 0},
        {**turn("all"), "continues": 0, "after": [1, 2]},
    ]
    path.write_text(json.dumps({"session": "a", "turns": turns}))
    facts = json.loads(call("describe", str(path), "--json"))
    assert facts["graph"] == {"forks": 1, "joins": 1, "widest": 2, "sessions": 1}
    assert "1 forks and 1 joins in 1 sessions; at most 2 turns of one at a time" in call(
        "describe", str(path)
    )
    chat = ("--backend", "openai-chat")
    call(
        "export",
        "--model",
        "m",
        *chat,
        "--dataset",
        "sessions",
        "--dataset-path",
        str(path),
        "--output",
        str(out),
    )
    assert [row["after"] for row in lines(out)] == [[], [0], [0], [0, 1, 2]]
    call("export", *REPLAY, str(out), *chat, "--output", str(again))
    assert again.read_bytes() == out.read_bytes()


def test_traces_are_described_and_errors_are_single_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"timestamp": 0, "input_length": 9, "output_length": 2, "hash_ids": [1]}\n')
    facts = json.loads(call("describe", str(path), "--json"))
    assert (facts["format"], facts["pauses_s"], facts["times"]["span_s"]) == ("trace", None, 0.0)
    call("describe", str(path))
    for args, said in (
        (("describe", str(tmp_path / "gone")), "there is no such file or folder"),
        (
            ("import", str(path), "--format", "spans", "--output", "-"),
            "--format 'spans' is unknown; did you mean otel_spans?",
        ),
        (("import", str(path), "--format", "sessions"), "give --output, too"),
        (("import", str(path), "--output", str(path)), "is the file to read; give another name"),
    ):
        with pytest.raises(BadInput, match=re.escape(said)):
            call(*args)


def test_the_options_of_sessions_shape_what_is_exported(tmp_path: Path) -> None:
    path, out = tmp_path / "s.jsonl", tmp_path / "w.jsonl"
    said = {"role": "tool", "tool_call_id": "c", "content": "found"}
    turns = [turn("one two three"), {"messages": [said]}, {**turn("more"), "think_s": 9}, turn("a " * 50)]
    rows = [{"session": name, "at_s": at, "turns": turns} for name, at in (("a", 0), ("b", 8))]
    path.write_text("\n".join(map(json.dumps, rows)))
    call(
        *(
            "export",
            "--model",
            "m",
            "--backend",
            "openai-chat",
            "--dataset",
            "sessions",
            "--dataset-path",
            str(path),
        ),
        *(
            "--turns",
            "4",
            "--think-time",
            "5",
            "--tool-latency",
            "0.5",
            "--idle-gap-cap",
            "2s",
            "--speedup",
            "2",
        ),
        *("--max-context", "60", "--output-len", "3", "--history", "live", "--output", str(out)),
    )
    made = lines(out)
    assert [row["think_s"] for row in made] == [2.0, 0.5, 2.0] * 2
    assert {row["planned_s"] for row in made} == {0.0, 4.0}
    assert {row["max_tokens"] for row in made} == {3}
