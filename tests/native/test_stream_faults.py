"""Streams that fail, and streams that are fine, told apart: what servers and proxies were seen to send."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench._native.memory.histogram import HISTOGRAM_FIELDS, HISTOGRAMS
from aisbench._native.memory.recorder import MARKS
from aisbench._native.os.clock import now_ns
from aisbench.backends.openai_chat import CHAT
from tests.backends.reading import rules_of
from tests.native.servers import HEAD, Drive, read_request, serving

pytestmark = pytest.mark.usefixtures("each_reader")

END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def event(value: Any) -> bytes:
    return b"data: %b\n\n" % json.dumps(value).encode()


def chat(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})


def usage(prompt: float, output: float) -> bytes:
    return event({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": output}})


TOKENS = b"".join(chat({"content": text}) for text in ("a", " b", " c"))
STOP = chat({}, "stop")


def answer(*events: bytes, head: bytes = HEAD) -> bytes:
    """The events as one chunk each, and the end of the body."""
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in events) + END


def drive(folder: Path, response: bytes, **more: Any) -> tuple[np.void, list[tuple[str, bytes]], Drive]:
    """One request of a server that sends `response`: its row, its failure, and the drive."""

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(response)
        client.shutdown(socket.SHUT_WR)
        client.recv(1)

    with serving(handle) as address:
        case = Drive(folder, address, **{"rules": rules_of(CHAT), "must_finish": True, **more})
        row = case.run()[0]
    return row, [(kind, detail) for _, kind, _, detail in case.failures], case


@pytest.mark.parametrize(
    ("response", "kind", "words"),
    [
        (answer(b'error: {"code":400,"message":"no room"}\n\n', DONE), "error_event", b"no room"),
        (answer(TOKENS, b'error: {"code":400,"message":"no room"}\n\n', DONE), "error_event", b"no room"),
        (UNTIL_CLOSE + TOKENS + b'error: {"message":"no room"}\n', "error_event", b"no room"),
        (answer(b'{"error":{"code":400,"message":"too long"}}'), "error_event", b"too long"),
        (answer(TOKENS, b'{"error":{"code":400,"message":"too long"}}'), "error_event", b"too long"),
        (answer(TOKENS, b'{\n  "error": {\n    "message": "too long"\n  }\n}\n'), "error_event", b"too long"),
        (UNTIL_CLOSE + TOKENS + b'{"error":{"message":"too long"}}', "error_event", b"too long"),
        (answer(TOKENS, b"upstream connect error\n"), "stream_cut", b"upstream connect error"),
        (answer(b"upstream connect error\n"), "no_output", b"upstream connect error"),
        (
            answer(TOKENS, b'data: {"error":{"message":"4200 asked"}}\ndata: [DONE]\n\n'),
            "error_event",
            b"4200",
        ),
        (answer(TOKENS, event({"object": "error", "message": "long", "code": 400})), "error_event", b"long"),
        (answer(event({"object": "error", "message": "long", "code": 400})), "error_event", b"long"),
        (answer(TOKENS, event({"detail": "Not authenticated"})), "error_event", b"authenticated"),
        (answer(TOKENS, event({"message": "Internal server error"})), "error_event", b"Internal"),
        (answer(TOKENS, event({"type": "error", "message": "x"})), "error_event", b"x"),
        (answer(TOKENS, event({"error_code": 336003, "error_msg": "quota"})), "error_event", b"quota"),
        (answer(TOKENS, b"event: error\ndata: gone\n\n"), "error_event", b"gone"),
        (answer(TOKENS, b"data: gone\n\n"), "bad_event", b"gone"),
        (UNTIL_CLOSE + chat({"content": "a"}, "") + chat({"content": "b"}, ""), "stream_cut", b"closed"),
        (answer(chat({"content": "a"}, "")), "stream_cut", b"a finish reason"),
        (answer(TOKENS), "stream_cut", b"a finish reason"),
        (
            HEAD.replace(b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(TOKENS)) + TOKENS,
            "stream_cut",
            b"without a finish reason",
        ),
        (answer(chat({"role": "assistant", "content": ""}), STOP, usage(4, 120), DONE), "no_output", b"120"),
        (answer(TOKENS, chat({}, "error"), DONE), "error_event", b"error"),
        (answer(TOKENS, chat({}, "abort"), DONE), "error_event", b"abort"),
        (answer(TOKENS, event([{"error": {"message": "quota"}}])), "error_event", b"quota"),
        (
            answer(b"", head=HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")),
            "bad_http",
            b"gzip",
        ),
        (answer(STOP, DONE), "no_output", b"without generated content"),
        (answer(chat({"role": "assistant", "content": ""})), "no_output", b"without a finish reason"),
        (
            b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://other/v1\r\nContent-Length: 0\r\n\r\n",
            "http_status",
            b"http://other/v1",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "http_status", b"204 No Content"),
        (
            b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
            "http_status",
            b"Internal Server",
        ),
        (
            b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"choices":[]}',
            "content_type",
            b"answered whole although a stream was asked for",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
            "content_type",
            b"<html>",
        ),
        (
            HEAD.replace(b"chunked", b"chunked, chunked") + b"0\r\n\r\n",
            "bad_http",
            b"fault of the server, or of a proxy",
        ),
        (
            HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"),
            "bad_http",
            b"both content-length and transfer-encoding",
        ),
    ],
)
def test_a_broken_answer_fails_with_the_servers_words(
    tmp_path: Path, response: bytes, kind: str, words: bytes
) -> None:
    row, failures, _ = drive(tmp_path, response)
    assert row["status"] == 2
    assert [found for found, _ in failures] == [kind]
    assert words in failures[0][1]


@pytest.mark.parametrize(
    ("response", "wanted"),
    [
        (answer(TOKENS, STOP), {"content_events": 3, "finish": 1}),
        (answer(TOKENS, DONE), {"content_events": 3, "finish": 0}),
        (answer(b"data: \n\n", b"data:\n\n", TOKENS, b"data: ping\n\n", STOP, DONE), {"events": 4}),
        (answer(b": ping\n\n", b"event: ping\ndata: {}\n\n", TOKENS, STOP, DONE), {"content_events": 3}),
        (answer(chat({"refusal": "I"}), chat({"refusal": " can't"}), STOP), {"content_events": 2}),
        (answer(chat({"function_call": {"arguments": "x"}}), STOP), {"content_events": 1}),
        (
            answer(chat({"reasoning": "x", "reasoning_content": "x"}), STOP),
            {"content_events": 1, "reasoning_events": 1},
        ),
        (answer(TOKENS, STOP, usage(9, 3.0), DONE), {"prompt_tokens": 9, "output_tokens": 3}),
        (answer(TOKENS, chat({}, "MAX_TOKENS"), DONE), {"finish": 2}),
        (
            answer(TOKENS, STOP, event({"choices": [], "usage": {"completion_tokens": "3"}}), DONE),
            {"output_tokens": 3},
        ),
        (answer(TOKENS, STOP, usage(9, 3), usage(0, 0), DONE), {"prompt_tokens": 9, "output_tokens": 3}),
        (answer(TOKENS, STOP, usage(0, 0), DONE), {"prompt_tokens": -1, "output_tokens": -1}),
        (
            answer(TOKENS, STOP, DONE, usage(9, 3), TOKENS),
            {"output_tokens": 3, "content_events": 3, "late_events": 4},
        ),
        (
            answer(TOKENS, STOP, DONE, head=HEAD.replace(b"text/event-stream", b"application/json")),
            {"content_events": 3, "marks": MARKS["odd_content_type"]},
        ),
        (
            answer(b"\n", TOKENS, DONE, head=HEAD.replace(b"text/event-stream", b"text/plain")),
            {"content_events": 3, "marks": MARKS["odd_content_type"]},
        ),
        (
            answer(b": ok\n\n", TOKENS, DONE, head=HEAD.replace(b"Content-Type: text/event-stream\r\n", b"")),
            {"content_events": 3},
        ),
        (
            answer(TOKENS.replace(b"\n\n", b"\n"), b"\n", STOP, DONE),
            {"content_events": 3},  # without the blank lines between them
        ),
        (answer(TOKENS, chat({"content": "d"}, error=None), STOP), {"content_events": 4}),
        (answer(chat({"content": "d"}, error={}), STOP), {"content_events": 1}),
        (answer(TOKENS, STOP, DONE)[:-5], {"content_events": 3}),  # closed after [DONE], unfinished chunks
        (
            answer(event({"choices": [], "prompt_token_ids": [100_000] * 300_000}), TOKENS, DONE),
            {"events": 4},
        ),
    ],
)
def test_a_good_answer_counts(tmp_path: Path, response: bytes, wanted: dict[str, int]) -> None:
    row, failures, _ = drive(tmp_path, response, max_event_bytes=16 << 20)
    assert failures == []
    assert row["status"] == 1
    assert {name: int(row[name]) for name in wanted} == wanted


def test_thoughts_in_parts_of_the_content_are_reasoning(tmp_path: Path) -> None:
    thought = chat({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": " step"}]}]})
    row, _, case = drive(tmp_path, answer(thought, thought, chat({"content": "Yes"}), STOP), text=True)
    assert row["content_events"] == 3
    assert row["reasoning_events"] == 2
    assert row["first_answer_ns"] >= row["first_token_ns"] > 0
    case.recorder.close()
    assert json.loads((tmp_path / "text-0.bin").read_text()) == {"content": "Yes", "reasoning": " step step"}


def test_the_first_answer_token_comes_after_the_reasoning(tmp_path: Path) -> None:
    thought_over = threading.Event()

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(answer(chat({"reasoning": "hm"}))[: -len(END)])
        thought_over.wait(10)
        client.sendall(answer(TOKENS, STOP, DONE, head=b""))

    with serving(handle) as address:
        case = Drive(tmp_path, address, rules=rules_of(CHAT))
        case.start()
        while not case.live["token_events"]:
            case.turn()
        before_ns = now_ns()
        thought_over.set()
        while not case.driver.finished:
            case.turn()
        row = case.rows()[0]
    assert row["first_token_ns"] < before_ns < row["first_answer_ns"] <= row["last_token_ns"]


def test_all_reasoning_has_no_first_answer_token(tmp_path: Path) -> None:
    row, _, _ = drive(tmp_path, answer(chat({"reasoning": "hm"}), STOP, DONE))
    assert (row["status"], row["first_answer_ns"]) == (1, 0)


def test_the_prefix_cache_of_one_request(tmp_path: Path) -> None:
    counted = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
    row, _, _ = drive(tmp_path, answer(TOKENS, STOP, event({"choices": [], "usage": counted}), DONE))
    assert row["cached_tokens"] == 8
    row, _, _ = drive(tmp_path / "none", answer(TOKENS, STOP, usage(9, 3), DONE))
    assert row["cached_tokens"] == -1


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (rb"ok \udcaf go", "ok � go"),
        (rb"\ud83d", "�"),
        (b"caf\xe9", "caf�"),
        (rb"\ud83d\ude00", "😀"),
    ],
)
def test_text_that_is_not_unicode_is_kept_as_valid_json(tmp_path: Path, raw: bytes, kept: str) -> None:
    token = b'data: {"choices":[{"delta":{"content":"%b"},"finish_reason":null}]}\n\n' % raw
    _, failures, case = drive(tmp_path, answer(token, STOP, DONE), text=True)
    assert failures == []
    case.recorder.close()
    assert json.loads((tmp_path / "text-0.bin").read_bytes().decode())["content"] == kept


def test_a_surrogate_pair_split_over_two_events_is_one_character(tmp_path: Path) -> None:
    halves = [rb'{"choices":[{"delta":{"content":"%b"}}]}' % half for half in (rb"\ud83d", rb"\ude00")]
    _, _, case = drive(tmp_path, answer(*(b"data: %b\n\n" % half for half in halves), STOP), text=True)
    case.recorder.close()
    assert json.loads((tmp_path / "text-0.bin").read_bytes())["content"] == "😀"


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("events", [(TOKENS, STOP, DONE), (TOKENS, STOP, usage(4, 3))])
def test_a_body_left_open_after_the_end_of_the_stream(tmp_path: Path, events: tuple[bytes, ...]) -> None:
    """Over when it says so; the connection is not used again, and no time-out is met."""
    numbers = []

    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            numbers.append(number)
            client.sendall(answer(*events)[: -len(END)])

    with serving(handle) as address:
        case = Drive(tmp_path, address, count=2, rules=rules_of(CHAT), must_finish=True)
        rows = case.run()
    assert rows["status"].tolist() == [1, 1]
    assert rows["marks"].tolist() == [MARKS["body_left_open"]] * 2
    assert numbers == [0, 1]
    # Its end is that of its last bytes, not that of the wait.
    assert (rows["done_ns"] - rows["sent_ns"]).max() < 200_000_000


@pytest.mark.xdist_group("timing")
def test_a_time_out_shorter_than_the_wait_for_the_bodys_end_is_no_failure(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(answer(TOKENS, STOP, DONE)[: -len(END)])

    with serving(handle) as address:
        case = Drive(tmp_path, address, rules=rules_of(CHAT), timeout_ns=50_000_000)
        rows = case.run()
    assert rows["status"].tolist() == [1]


def counts(case: Drive) -> dict[str, int]:
    """How many values each histogram of the run has."""
    case.recorder.close()
    found = np.fromfile(case.folder / "hist-0.bin", np.dtype(HISTOGRAM_FIELDS))["count"].tolist()
    return dict(zip(HISTOGRAMS, found, strict=True))


def test_only_successes_are_in_the_histograms(tmp_path: Path) -> None:
    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            good = number == 0
            client.sendall(answer(TOKENS, STOP, DONE) if good else answer(TOKENS))
            if good:
                return

    with serving(handle) as address:
        case = Drive(tmp_path, address, count=3, rules=rules_of(CHAT), must_finish=True)
        rows = case.run()
    assert sorted(rows["status"].tolist()) == [1, 2, 2]
    found = counts(case)
    assert (found["itl"], found["ttft"]) == (2, 1)


def held_then_closed(hold: Callable[[], object]) -> Callable[[socket.socket, int], None]:
    """Answers the first request of each connection; takes the second, holds it, and closes."""

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        client.sendall(answer(TOKENS, STOP, DONE))
        if read_request(client):
            hold()

    return handle


@pytest.mark.xdist_group("timing")
def test_a_request_that_the_server_held_and_dropped_has_failed(tmp_path: Path) -> None:
    """It is not sent again: the server has had it for longer than a connection closed while idle would last."""
    dropped_at = threading.Event()

    with serving(held_then_closed(lambda: dropped_at.wait(10))) as address:
        case = Drive(tmp_path, address, count=2, rules=rules_of(CHAT))
        case.start()
        while case.live["sent"] < 2:
            case.turn()
        late_ns = now_ns() + 60_000_000
        while now_ns() < late_ns:
            case.turn()
        dropped_at.set()
        while not case.driver.finished:
            case.turn()
        rows = case.rows()
    assert rows["status"].tolist() == [1, 2]
    assert rows["attempts"].tolist() == [1, 1]
    assert [kind for _, kind, _, _ in case.failures] == ["connection_reset"]


@pytest.mark.xdist_group("timing")
def test_time_counts_from_the_first_send(tmp_path: Path) -> None:
    taken_ns: list[int] = []
    with serving(held_then_closed(lambda: taken_ns.append(now_ns()))) as address:
        case = Drive(tmp_path, address, count=2, rules=rules_of(CHAT))
        rows = case.run()
    assert rows["attempts"].tolist() == [1, 2]
    assert rows["status"].tolist() == [1, 1]
    # The server took the request off the kept connection, and closed; the second send came after that.
    assert rows["began_ns"][1] <= rows["sent_ns"][1] <= taken_ns[0]
