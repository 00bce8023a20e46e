"""Conversations with servers that give later turns little to go on from."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections import Counter
from pathlib import Path
from typing import Any

from tests.native.servers import DONE, HEAD, read_request, serving
from tests.simulators import start_simulator
from tests.system.gate import Gate
from tests.system.running import Finished, finish, run_load, start_load, wait_for, workers_of


def event(**delta: str) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}]}
    data = b"data: %b\n\n" % json.dumps(chunk).encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def talk(folder: Path, address: tuple[str, int], *args: object) -> Finished:
    host, port = address
    return run_load(
        folder,
        *("--url", f"http://{host}:{port}", "--backend", "openai-chat", "--model", "m", "--no-progress"),
        *("--no-server-metrics", "--dataset", "conversations", "--input-len", 3, "--output-len", 4, *args),
    )


def test_an_answer_that_is_all_reasoning_leaves_no_empty_message(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            asked.append(json.loads(request.partition(b"\r\n\r\n")[2]))
            said = event(content="yes") if len(asked) == 2 else event(reasoning_content="hm")
            client.sendall(HEAD + said + event() + DONE)

    with serving(handle) as address:
        run = talk(tmp_path / "out", address, "--turns", 3, "--num-requests", 3, "--concurrency", 1)
    assert run.summary["completed"] == 3
    assert [[message["role"] for message in body["messages"]] for body in asked] == [
        ["user"],
        ["user", "user"],
        ["user", "user", "assistant", "user"],
    ]
    assert asked[2]["messages"][2]["content"] == "yes"
    assert any(note.startswith("1 answers were all reasoning") for note in run.summary["verdict"]["notes"])


def test_sessions_of_a_worker_that_died_end_with_it(tmp_path: Path) -> None:
    """Their answers so far were in its memory alone."""
    second_turns = Gate()

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            body = json.loads(request.partition(b"\r\n\r\n")[2])
            if [message["role"] for message in body["messages"]].count("user") == 2:
                second_turns.wait()
            client.sendall(HEAD + event(content="yes") + event() + DONE)

    with serving(handle) as (host, port):
        process = start_load(
            tmp_path,
            *("--url", f"http://{host}:{port}", "--backend", "openai-chat", "--model", "m", "--no-progress"),
            *("--no-server-metrics", "--dataset", "conversations", "--turns", 4, "--num-requests", 160),
            *("--concurrency", 6, "--workers", 2, "--input-len", 4, "--output-len", 2),
        )
        wait_for(process, lambda: second_turns.waiting == 6)
        os.kill(workers_of(process)[1], signal.SIGKILL)
        second_turns.open()
        done = finish(process, tmp_path)
    assert done.code == 1, done.err
    counted = done.summary["requests"]
    # Each worker had half of the limit.
    assert counted["lost"] == 3
    assert counted["planned"] == 160 == counted["completed"] + 3 + counted["not_sent"]
    rows = list(map(json.loads, (done.folder / "requests.jsonl").read_text().splitlines()))
    places = {(row["conversation"], row["worker"]) for row in rows}
    assert len(places) == len({session for session, _ in places}) in (39, 40)
    turns = Counter(row["conversation"] for row in rows)
    of_the_dead = {session for session, worker in places if worker == 1}
    cut = {session for session, count in turns.items() if count < 4}
    assert len(cut) == 3
    assert cut <= of_the_dead
    # Perhaps a session as well that it had taken and not begun.
    assert counted["not_sent"] - sum(4 - turns[session] for session in cut) in (0, 4)


def test_turns_of_conversations_that_ended_are_counted(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nboom")

    with serving(handle) as address:
        run = talk(tmp_path / "out", address, "--turns", 3, "--num-requests", 6, "--concurrency", 2)
    counted = run.summary["requests"]
    assert (counted["planned"], counted["failed"], counted["not_sent"]) == (6, 2, 4)
    assert "4 not sent" in run.out
    assert "4 turns were not sent: 2 conversations had a turn that failed" in run.out


def test_reasoning_goes_back_only_where_it_is_asked_for(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            asked.append(json.loads(request.partition(b"\r\n\r\n")[2]))
            client.sendall(
                HEAD + event(reasoning_content="hm") + event(content="<think>so</think>yes") + event() + DONE
            )

    with serving(handle) as address:
        for flags in ((), ("--history", "answers", "--history-reasoning")):
            limits = ("--turns", 2, "--num-requests", 2, "--concurrency", 1)
            assert talk(tmp_path / f"out{len(flags)}", address, *limits, *flags).summary["completed"] == 2
    assert asked[1]["messages"][1] == {"role": "assistant", "content": "yes"}
    kept = {"role": "assistant", "content": "<think>so</think>yes", "reasoning_content": "hm"}
    assert asked[3]["messages"][1] == kept


def test_conversations_in_anthropic_s_api(tmp_path: Path) -> None:
    """The simulator refuses empty messages, and thinking does not go back."""
    with start_simulator(["--reasoning-tokens", "2", "--decode-base-ms", "1"]) as simulator:
        limits = ("--input-len", 3, "--output-len", 4, "--turns", 3, "--num-requests", 6, "--concurrency", 2)
        run = run_load(
            tmp_path / "out",
            *("--url", simulator.url, "--backend", "anthropic-messages", "--dataset", "conversations"),
            *("--no-progress", "--save-outputs", *limits),
        )
    summary = run.summary
    assert (summary["completed"], summary["failed"], summary["total_output_tokens"]) == (6, 0, 24)
    # Each turn adds three words, and two words of the answer before.
    assert summary["total_input_tokens"] == 2 * (3 + 8 + 13)
    assert summary["reasoning"]["requests"] == 6
