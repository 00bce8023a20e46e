"""`--history server`: later turns name the answer before them, and the server adds what was said until then."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.records.run import Run
from tests.simulators import start_simulator
from tests.system.running import run_command, run_load
from tests.system.scripted import Asked, Reply, scripted


@pytest.mark.parametrize("flags", [(), ("--no-stream",)])
def test_the_server_counts_what_it_kept(tmp_path: Path, flags: tuple[str, ...]) -> None:
    with start_simulator(["--decode-base-ms", "1"]) as server:
        run = run_load(
            tmp_path / "out",
            *("--url", server.url, "--backend", "openai-responses", "--dataset", "conversations"),
            *("--turns", 3, "--input-len", 10, "--output-len", 5, "--num-requests", 12, "--concurrency", 2),
            *("--history", "server", "--no-progress", *flags),
        )
    assert run.summary["completed"] == 12
    rows = Run.load(run.folder).rows
    assert sorted(rows["turn"]) == [0] * 4 + [1] * 4 + [2] * 4
    assert np.array_equal(rows["prompt_tokens"], 10 + 15 * rows["turn"])


def answered(number: int) -> dict[str, Any]:
    """The first answer calls a tool."""
    call = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "look", "arguments": "{}"}
    said = {"type": "message", "content": [{"type": "output_text", "text": "yes"}]}
    usage = {"input_tokens": 4, "output_tokens": 2}
    items = [call] if number == 1 else [said]
    return {"id": f"resp_{number}", "output": items, "status": "completed", "usage": usage}


@pytest.mark.parametrize("streams", [True, False])
def test_results_of_calls_and_forks_name_the_answer_that_they_continue(tmp_path: Path, streams: bool) -> None:
    turns = [
        {"id": "a", "messages": [{"role": "user", "content": "look"}], "answer": "x"},
        {"id": "b", "messages": [{"role": "tool", "tool_call_id": "k", "content": "a.txt"}], "answer": "y"},
        {"id": "c", "continues": "a", "after": ["b"], "messages": [{"role": "user", "content": "again"}]},
    ]
    (tmp_path / "s.jsonl").write_text(json.dumps({"session": "s", "turns": turns}))
    count = itertools.count(1)

    def reply(_: Asked) -> Reply:
        number = next(count)
        whole = answered(number)
        if not streams:
            return Reply(json.dumps(whole).encode(), {"Content-Type": "application/json"})
        begun = {"type": "response.created", "response": {**whole, "output": [], "status": "in_progress"}}
        opened = {**whole["output"][0], "arguments": ""}
        kind = "function_call_arguments" if number == 1 else "output_text"
        events = [
            begun,
            {"type": "response.output_item.added", "item": opened},
            {"type": f"response.{kind}.delta", "delta": "{}"},
            {"type": "response.completed", "response": whole},
        ]
        return Reply("".join(f"data: {json.dumps(event)}\n\n" for event in events).encode())

    with scripted(reply) as (url, requests):
        run = run_load(
            tmp_path / "out",
            *("--url", url, "--backend", "openai-responses", "--model", "m"),
            *("--dataset", "sessions", "--dataset-path", tmp_path / "s.jsonl", "--history", "server"),
            *("--concurrency", 1, "--no-progress", "--no-server-metrics"),
            *(() if streams else ("--no-stream",)),
        )
    assert run.summary["completed"] == 3, run.out
    asked = [one.body for one in requests]
    assert all(body["store"] is True for body in asked)
    assert [body.get("previous_response_id") for body in asked] == [None, "resp_1", "resp_1"]
    output = {"type": "function_call_output", "call_id": "c1", "output": "a.txt"}
    assert asked[1]["input"] == [output]
    assert [one.get("content", one.get("output")) for one in asked[2]["input"]][-1] == "again"


def test_an_api_without_it_is_refused(tmp_path: Path) -> None:
    with start_simulator([]) as server:
        done = run_command(
            *("load", "--url", server.url, "--dataset", "conversations", "--history", "server"),
            *("--backend", "openai-chat", "--work-dir", tmp_path / "out"),
            cwd=tmp_path,
        )
    assert done.returncode == 2
    assert "--history server: openai-chat cannot continue an answer that the server keeps" in done.stderr
