"""Cached tokens under every server's own name, in streams and whole answers; not said and 0 are two things."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.registry import backend_named
from tests.backends.reading import rules_of
from tests.native.servers import Drive, read_request, serving

NOT_SAID = -1
ABSENT = object()
CHOICE = {
    "index": 0,
    "delta": {"content": "x"},
    "message": {"content": "x"},
    "text": "x",
    "finish_reason": "stop",
}


def with_count(name: str, count: object, **others: Any) -> dict[str, Any]:
    return {**others, **({} if count is ABSENT else {name: count})}


def openai(count: object) -> list[dict[str, Any]]:
    """The finish chunk has a plain usage; the details come with the last one."""
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    details = None if count is ABSENT else with_count("cached_tokens", count)
    return [
        {"choices": [CHOICE], "usage": usage},
        {"choices": [], "usage": {**usage, "prompt_tokens_details": details}},
    ]


def deepseek(count: object) -> list[dict[str, Any]]:
    usage = with_count("prompt_cache_hit_tokens", count, prompt_tokens=9, completion_tokens=2)
    return [{"choices": [CHOICE], "usage": None}, {"choices": [], "usage": usage}]


def llama_cpp(count: object) -> list[dict[str, Any]]:
    """Without a usage in the same event."""
    return [
        {"choices": [{**CHOICE, "finish_reason": None}]},
        {"choices": [{**CHOICE, "delta": {}}], "timings": with_count("cache_n", count, prompt_n=4)},
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
    ]


def sglang(count: object) -> list[dict[str, Any]]:
    meta = {"prompt_tokens": 9, "completion_tokens": 2}
    last = with_count("cached_tokens", count, finish_reason={"type": "stop"}, **meta)
    return [{"text": "x", "meta_info": {**meta, "finish_reason": None}}, {"text": "x y", "meta_info": last}]


def responses(count: object) -> list[dict[str, Any]]:
    details = with_count("cached_tokens", count)
    usage = {"input_tokens": 9, "output_tokens": 2, "input_tokens_details": details}
    done = {"status": "completed", "output": [], "usage": usage}
    return [
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.completed", "response": done},
    ]


def anthropic(count: object) -> list[dict[str, Any]]:
    """9 tokens in all: the input is what was neither read from the cache nor written to it."""
    read = count if isinstance(count, int) else 0
    usage = with_count("cache_read_input_tokens", count, input_tokens=7 - read, cache_creation_input_tokens=2)
    return [
        {"type": "message_start", "message": {"content": [], "usage": {**usage, "output_tokens": 1}}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    ]


def vllm_messages(count: object) -> list[dict[str, Any]]:
    """vLLM counts the whole prompt first, and apart from its cached part only at the end."""
    start, _, end = anthropic(ABSENT)
    start["message"]["usage"] = {"input_tokens": 9, "output_tokens": 0}
    read = count if isinstance(count, int) else 0
    end["usage"] = with_count("cache_read_input_tokens", count, input_tokens=9 - read, output_tokens=2)
    return [start, {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}}, end]


SERVERS = [
    ("openai-chat", openai),
    ("vllm", openai),
    ("openai-chat", deepseek),
    ("openai-chat", llama_cpp),
    ("sglang-native", sglang),
    ("openai-responses", responses),
    ("anthropic-messages", anthropic),
    ("anthropic-messages", vllm_messages),
]


def whole(name: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    """The same answer without streaming."""
    if name == "openai-responses":
        text = [{"type": "message", "content": [{"type": "output_text", "text": "x"}]}]
        return {**events[-1]["response"], "output": text}
    if name == "anthropic-messages":
        usage = {**events[0]["message"]["usage"], **events[-1]["usage"]}
        return {"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "usage": usage}
    merged: dict[str, Any] = {}
    for event in events:
        merged |= event
    return {**merged, **({"choices": [CHOICE]} if "choices" in merged else {})}


@pytest.mark.parametrize(("said", "cached"), [(ABSENT, NOT_SAID), (None, NOT_SAID), (0, 0), (5, 5)])
@pytest.mark.parametrize(
    ("name", "answer"), SERVERS, ids=lambda one: one if isinstance(one, str) else one.__name__
)
@pytest.mark.parametrize("streams", [True, False])
def test_cached_tokens(
    tmp_path: Path, name: str, answer: Any, said: object, cached: int, streams: bool
) -> None:
    events = answer(said)
    stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
    body = stream if streams else json.dumps(whole(name, events)).encode()
    kind = b"text/event-stream" if streams else b"application/json"

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body))
        client.sendall(head + body)

    backend = backend_named(name)
    with serving(handle) as address:
        rules = rules_of(backend) if streams else backend.plain_rules
        rows = Drive(tmp_path, address, rules=rules, streams=streams).run()
    assert rows["status"].tolist() == [1]
    assert rows["cached_tokens"].tolist() == [cached]
    assert (rows["prompt_tokens"].tolist(), rows["output_tokens"].tolist()) == ([9], [2])


def test_a_usage_of_zeros_says_nothing(tmp_path: Path) -> None:
    zeros = {"prompt_tokens": 0, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}}
    events = [*openai(ABSENT), {"choices": [], "usage": zeros}]

    def handle(client: socket.socket, number: int) -> None:
        read_request(client)
        stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(
            stream
        )
        client.sendall(head + stream)

    with serving(handle) as address:
        rows = Drive(tmp_path, address, rules=rules_of(backend_named("openai-chat"))).run()
    assert (rows["cached_tokens"].tolist(), rows["prompt_tokens"].tolist()) == ([NOT_SAID], [9])
