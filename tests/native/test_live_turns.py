"""Live turns over a socket: an answer's tool calls, and their scripted results, are in the next request."""

from __future__ import annotations

import json
import socket
from array import array
from pathlib import Path
from typing import Any

from aisbench._native.conversations import Conversations
from aisbench.backends.history import History
from aisbench.backends.openai_chat import CHAT
from aisbench.backends.prompt import live_turn
from aisbench.backends.tool_calls import chat_calls
from aisbench.workload.build import with_holes
from tests.backends.reading import rules_of
from tests.native.servers import DONE, HEAD, Drive, read_request, serving
from tests.native.test_tool_calls import chunk, piece

USER = {"role": "user", "content": "look"}
TURN = live_turn([{"name": "look", "content": "a.txt"}])


def body(*messages: Any) -> bytes:
    return with_holes(json.dumps({"messages": messages}).encode())


def test_a_call_is_answered_in_the_next_turn(tmp_path: Path) -> None:
    """Over two sessions, one of which calls the tool while the other does not."""
    asked: list[list[dict[str, Any]]] = []

    def handle(client: socket.socket, number: int) -> None:
        while request := read_request(client):
            asked.append(json.loads(request.partition(b"\r\n\r\n")[2])["messages"])
            calls = len(asked) == 1
            said = piece("{", id="c1", name="look") + piece("}") if calls else chunk(content="no")
            client.sendall(HEAD + chunk(reasoning_content="hm") + said + DONE)

    history = History(CHAT.as_messages)
    with serving(handle) as address:
        rows = Drive(
            tmp_path,
            address,
            count=2,
            bodies=(body(USER), body(USER, TURN), body(USER, TURN, TURN)) * 2,
            conversations=Conversations(array("q", [0, 3, 6]), array("q", [0] * 6)),
            rules=rules_of(CHAT),
            tool_calls=chat_calls,
            history=history,
        ).run()
    assert rows["status"].tolist() == [1] * 6
    called = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    looked = [
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c1", "content": "a.txt"},
    ]
    refused = {"role": "assistant", "content": "no"}
    assert asked == [
        [USER],
        [USER, *looked],
        [USER, *looked, refused],
        [USER],
        [USER, refused],
        [USER, refused, refused],
    ]
    assert history.figures() == {"repaired": 0, "unscripted": 0, "uncalled": 3, "thoughts": 0}
