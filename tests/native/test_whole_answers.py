"""Answers that are not event streams, streams of text so far, and streams that must say that they end."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.event_rules import CHUNK, CUMULATIVE, ERROR, FINISH, OUTPUT_TOKENS, PROMPT_TOKENS
from aisbench.backends.openai_chat import CHAT
from tests.native.servers import DONE, HEAD, Drive, read_request, serving, token

pytestmark = pytest.mark.usefixtures("each_reader")

VECTORS = (("data", CHUNK), ("usage.prompt_tokens", PROMPT_TOKENS), ("error", ERROR))
SO_FAR = (
    ("text", CUMULATIVE),
    ("meta_info.completion_tokens", OUTPUT_TOKENS),
    ("meta_info.finish_reason.type", FINISH),
)


def whole(value: Any, kind: bytes = b"application/json") -> bytes:
    body = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body)


def so_far(text: str, tokens: int, finish: str | None = None) -> bytes:
    reason = {"type": finish} if finish else None
    value = {"text": text, "meta_info": {"completion_tokens": tokens, "finish_reason": reason}}
    event = b"data: %b\n\n" % json.dumps(value).encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


def answering(*pieces: bytes) -> Any:
    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            for piece in pieces:
                client.sendall(piece)

    return handle


def test_a_whole_answer_counts_as_one_event(tmp_path: Path) -> None:
    answer = whole(
        {
            "choices": [
                {"message": {"content": "so é", "reasoning_content": "hm"}, "finish_reason": "length"}
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 7},
        }
    )
    with serving(answering(answer[:90], answer[90:])) as address:
        case = Drive(tmp_path, address, count=3, streams=False, rules=CHAT.plain_rules, text=True)
        rows = case.run()
    assert set(rows["status"]) == {1}
    assert set(rows["prompt_tokens"]) == {3}
    assert set(rows["output_tokens"]) == {7}
    assert set(rows["finish"]) == {2}
    assert rows["reused"].tolist() == [0, 1, 1]
    assert (rows["last_token_ns"] == rows["first_token_ns"]).all()
    assert (rows["first_token_ns"] > rows["sent_ns"]).all()
    case.recorder.close()
    kept = [json.loads(line) for line in (tmp_path / "text-0.bin").read_text().splitlines()]
    assert kept == [{"content": "so é", "reasoning": "hm"}] * 3


def test_vectors_are_an_answer_without_tokens(tmp_path: Path) -> None:
    vectors = [{"index": i, "embedding": [0.25, -1e-3] * 3000} for i in range(8)]
    answer = whole({"data": vectors, "usage": {"prompt_tokens": 40, "total_tokens": 40}})
    with serving(answering(answer)) as address:
        case = Drive(tmp_path, address, count=2, streams=False, rules=VECTORS, counts_chunks=True)
        rows = case.run()
    assert set(rows["status"]) == {1}
    assert set(rows["prompt_tokens"]) == {40}
    assert set(rows["output_tokens"]) == {-1}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (whole({"data": []}), "no_output"),
        (whole({"error": {"message": "no"}}), "error_event"),
        (whole({"data": [1]}, b"text/html"), "content_type"),
        (whole({"data": [1]}, b"text/event-stream"), "content_type"),
        (whole("x" * 5_000_000), "event_too_large"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{]", "bad_event"),
        (b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "http_status"),
    ],
)
def test_whole_answers_that_are_none(tmp_path: Path, answer: bytes, kind: str) -> None:
    with serving(answering(answer)) as address:
        case = Drive(
            tmp_path,
            address,
            count=2,
            streams=False,
            rules=VECTORS,
            counts_chunks=True,
            max_answer_bytes=1 << 20,
        )
        rows = case.run()
    assert [found for _, found, _, _ in case.failures] == [kind, kind]
    assert set(rows["status"]) == {2}


def test_text_so_far_is_generated_by_what_it_grew(tmp_path: Path) -> None:
    events = [
        so_far("", 0),
        so_far("one", 1),
        so_far("one", 2),
        so_far('one "two', 3),
        so_far('one "two ü', 4, "stop"),
    ]
    with serving(answering(HEAD, *events, DONE)) as address:
        case = Drive(tmp_path, address, count=2, rules=SO_FAR, text=True)
        rows = case.run()
    assert rows["content_events"].tolist() == [3, 3]
    assert rows["events"].tolist() == [5, 5]
    assert rows["output_tokens"].tolist() == [4, 4]
    assert rows["finish"].tolist() == [1, 1]
    case.recorder.close()
    kept = [json.loads(line)["content"] for line in (tmp_path / "text-0.bin").read_text().splitlines()]
    assert kept == ['one "two ü'] * 2


@pytest.mark.parametrize("finished", [True, False])
def test_a_stream_that_must_say_that_it_ends(tmp_path: Path, finished: bool) -> None:
    events = [so_far("one", 1), so_far("one two", 2, "stop" if finished else None)]
    with serving(answering(HEAD, *events, b"0\r\n\r\n")) as address:
        case = Drive(tmp_path, address, rules=SO_FAR, must_finish=True)
        rows = case.run()
    assert rows["status"].tolist() == [1 if finished else 2]
    assert [kind for _, kind, _, _ in case.failures] == ([] if finished else ["stream_cut"])


def test_a_stream_where_a_whole_answer_was_due_is_refused(tmp_path: Path) -> None:
    with serving(answering(HEAD, token(), DONE)) as address:
        case = Drive(tmp_path, address, streams=False)
        case.run()
    assert [kind for _, kind, _, _ in case.failures] == ["content_type"]
