"""Tool calls are kept with the texts of an answer."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.openai_chat import CHAT
from aisbench.backends.tool_calls import chat_calls
from tests.backends.reading import rules_of
from tests.native.servers import DONE, HEAD, Drive, read_request, serving


def chunk(**delta: Any) -> bytes:
    event = {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    data = b"data: %b\n\n" % json.dumps(event).encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def piece(text: str, **known: Any) -> bytes:
    named = {"name": known.pop("name")} if known else {}
    return chunk(tool_calls=[{"index": 0, **known, "function": {**named, "arguments": text}}])


STREAM = (
    HEAD + chunk(content="so") + piece("", id="c1", name="look") + piece('{"at": ') + piece('"é"}') + DONE
)
CALLS = [{"id": "c1", "name": "look", "arguments": '{"at": "é"}'}]
WHOLE = {
    "choices": [
        {
            "message": {"content": "so", "tool_calls": [{"id": "c1", "function": CALLS[0]}]},
            "finish_reason": "stop",
        }
    ]
}


@pytest.mark.parametrize("streams", [True, False])
def test_calls_are_recorded_with_the_texts(tmp_path: Path, streams: bool) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            body = json.dumps(WHOLE).encode()
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
                body
            )
            client.sendall(STREAM if streams else head + body)

    rules = rules_of(CHAT) if streams else CHAT.plain_rules
    with serving(handle) as address:
        drive = Drive(
            tmp_path, address, count=2, text=True, rules=rules, streams=streams, tool_calls=chat_calls
        )
        rows = drive.run()
    drive.recorder.close()
    kept = [json.loads(line) for line in (tmp_path / "text-0.bin").read_text().splitlines()]
    assert kept == [{"content": "so", "reasoning": "", "tool_calls": CALLS}] * 2
    assert rows["content_events"].tolist() == [4 if streams else 1] * 2


def test_calls_that_nobody_needs_are_not_kept(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(STREAM)

    with serving(handle) as address:
        drive = Drive(tmp_path, address, rules=rules_of(CHAT), tool_calls=chat_calls)
        rows = drive.run()
    assert rows["content_events"].tolist() == [4]
    assert not (tmp_path / "text-0.bin").exists()
