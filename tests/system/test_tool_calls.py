"""Sessions with tools from the command line: calls are answered in the next turn, kept with the outputs, and noted."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.anthropic_messages import MESSAGES
from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.openai_chat import CHAT
from aisbench.backends.openai_responses import RESPONSES
from aisbench.backends.prompt import Prompt, live_turn
from tests.native.servers import read_request, serving
from tests.system.running import run_load

USER = {"role": "user", "content": "look"}
TURN = live_turn([{"name": "look", "content": "a.txt"}])
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"


def exported(path: Path, backend: Backend) -> None:
    """A file of one session: its second turn answers a call, the third has nothing to add if there is none."""
    lines = []
    for slot, messages in enumerate([(USER,), (USER, TURN), (USER, TURN, TURN)]):
        body = json.loads(backend.body(Prompt("", 1, 8, messages=messages), BodyOptions("m")))
        lines.append(json.dumps({"slot": slot, "body": body, "conversation": 0, "think_s": 0.0}))
    path.write_text("\n".join(lines) + "\n")


def chat_answer(calls: bool) -> list[dict[str, Any]]:
    def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    if not calls:
        return [chunk(content="no"), chunk("stop")]
    named = {"index": 0, "id": "c1", "function": {"name": "look", "arguments": '{"at'}}
    rest = {"index": 0, "function": {"arguments": '": 1'}}
    return [chunk(tool_calls=[named]), chunk(tool_calls=[rest]), chunk("tool_calls")]


def response_answer(calls: bool) -> list[dict[str, Any]]:
    item = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "look", "arguments": ""}
    said: list[dict[str, Any]] = [{"type": "response.output_text.delta", "delta": "no"}]
    if calls:
        delta = "response.function_call_arguments.delta"
        said = [
            {"type": "response.output_item.added", "item": item},
            {"type": delta, "delta": '{"at'},
            {"type": delta, "delta": '": 1'},
        ]
    usage = {"input_tokens": 4, "output_tokens": 2}
    return [*said, {"type": "response.completed", "response": {"status": "completed", "usage": usage}}]


def message_answer(calls: bool) -> list[dict[str, Any]]:
    block = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
    said: list[dict[str, Any]] = [
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "no"}}
    ]
    if calls:
        said = [
            {"type": "content_block_start", "index": 0, "content_block": block},
            {
                "type": "content_block_delta",
                "delta": {"type": "input_json_delta", "partial_json": '{"at": 1'},
            },
        ]
    end = {"stop_reason": "tool_use" if calls else "end_turn"}
    return [*said, {"type": "message_delta", "delta": end, "usage": {"output_tokens": 2}}]


def function(arguments: str) -> dict[str, Any]:
    return {"name": "look", "arguments": arguments}


@pytest.mark.parametrize(
    ("name", "backend", "answer", "wanted"),
    [
        (
            "openai-chat",
            CHAT,
            chat_answer,
            [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c1", "type": "function", "function": function("{}")}],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "a.txt"},
            ],
        ),
        (
            "openai-responses",
            RESPONSES,
            response_answer,
            [
                {"type": "function_call", "call_id": "c1", **function("{}")},
                {"type": "function_call_output", "call_id": "c1", "output": "a.txt"},
            ],
        ),
        (
            "anthropic-messages",
            MESSAGES,
            message_answer,
            [
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {}}],
                },
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "a.txt"}],
                },
            ],
        ),
    ],
)
def test_a_live_session(
    tmp_path: Path, name: str, backend: Backend, answer: Any, wanted: list[dict[str, Any]]
) -> None:
    """The arguments of the call are cut, so later turns have {} in their place, as servers want an object."""
    asked: list[Any] = []

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            body = json.loads(request.partition(b"\r\n\r\n")[2])
            asked.append(body["input"] if name == "openai-responses" else body["messages"])
            events = answer(len(asked) == 1)
            stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
            client.sendall(HEAD % len(stream) + stream)

    exported(tmp_path / "session.jsonl", backend)
    with serving(handle) as (host, port):
        run = run_load(
            tmp_path / "out",
            *("--url", f"http://{host}:{port}", "--backend", name, "--model", "m", "--no-progress"),
            *("--no-server-metrics", "--dataset", "file", "--dataset-path", tmp_path / "session.jsonl"),
            *("--save-outputs", "--concurrency", 1),
        )
    assert run.summary["completed"] == 3, run.err + run.out
    assert asked == [[USER], [USER, *wanted], [USER, *wanted, {"role": "assistant", "content": "no"}]]
    rows = [json.loads(line) for line in (run.folder / "requests.jsonl").read_text().splitlines()]
    cut = '{"at": 1'
    assert [row["tool_calls"] for row in rows] == [[{"id": "c1", **function(cut)}], [], []]
    assert [row["content"] for row in rows] == ["", "no", "no"]
    notes = run.summary["verdict"]["notes"]
    assert any(note.startswith("Tool calls with arguments that are not a JSON object: 1;") for note in notes)
    assert any(note.startswith("Turns sent without a new message: 1;") for note in notes)
