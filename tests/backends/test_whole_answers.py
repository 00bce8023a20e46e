"""Each backend's rules over answers that are not streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisbench.backends.openai_responses import response_calls
from aisbench.backends.registry import BACKENDS, backend_named
from tests.backends.reading import Read, read_whole

COMPLETION = {
    "id": "cmpl-1",
    "object": "text_completion",
    "choices": [
        {"index": 0, "text": " Hi", "logprobs": None, "finish_reason": "length", "stop_reason": None}
    ],
    "usage": {"prompt_tokens": 4, "total_tokens": 7, "completion_tokens": 3},
}
CHAT = {
    "id": "chatcmpl-1",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi", "reasoning_content": "hm", "tool_calls": []},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 9, "total_tokens": 11, "completion_tokens": 2},
}
RESPONSE = {
    "id": "resp_1",
    "error": None,
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}],
    "usage": {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8},
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "content": [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": "Hi"}],
    "stop_reason": "max_tokens",
    "usage": {"input_tokens": 5, "output_tokens": 3},
}
TGI = {
    "generated_text": "test",
    "details": {
        "finish_reason": "length",
        "generated_tokens": 1,
        "prefill": [],
        "seed": 42,
        "tokens": [{"id": 0, "logprob": -0.34, "special": False, "text": "test"}],
    },
}
TRITON = {"model_name": "ensemble", "model_version": "1", "sequence_id": 0, "text_output": "Hi"}
SGLANG = {
    "text": " Paris",
    "meta_info": {"finish_reason": {"type": "stop"}, "prompt_tokens": 5, "completion_tokens": 2},
}
MINDIE_DETAILS = {"finish_reason": "eos_token", "generated_tokens": 221, "first_token_cost": None}
VECTORS = {
    "id": "embd-1",
    "object": "list",
    "data": [{"index": 0, "object": "embedding", "embedding": [0.5, -1e-3, 7]}],
    "usage": {"prompt_tokens": 8, "total_tokens": 8, "completion_tokens": 0},
}
SCORES = {
    "id": "rerank-1",
    "results": [{"index": 0, "document": {"text": "a"}, "relevance_score": 0.9}],
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}

ANSWERS: list[tuple[str, dict[str, Any], Read]] = [
    ("vllm", COMPLETION, Read(1, 1, " Hi", "", "length", 4, 3)),
    ("mindie", COMPLETION, Read(1, 1, " Hi", "", "length", 4, 3)),
    ("openai-chat", CHAT, Read(1, 1, "Hi", "hm", "stop", 9, 2)),
    ("mindie-chat", CHAT, Read(1, 1, "Hi", "hm", "stop", 9, 2)),
    ("openai-responses", RESPONSE, Read(1, 0, "Hi", "", "stop", 5, 3, unsure=1)),
    ("anthropic-messages", MESSAGE, Read(1, 0, "Hi", "hm", "length", 5, 3, unsure=1)),
    ("tgi", TGI, Read(1, 0, "test", "", "length", -1, 1)),
    ("tensorrt-llm", TRITON, Read(1, 0, "Hi")),
    (
        "tensorrt-llm",
        {**TRITON, "num_input_tokens": 4, "num_output_tokens": 9},
        Read(1, 0, "Hi", "", "", 4, 9),
    ),
    ("sglang-native", SGLANG, Read(1, 0, " Paris", "", "stop", 5, 2)),
    ("mindie-triton", {**TRITON, "details": MINDIE_DETAILS}, Read(1, 0, "Hi", "", "stop", -1, 221)),
    (
        "mindie-infer",
        {"generated_text": "Hi", "details": MINDIE_DETAILS},
        Read(1, 0, "Hi", "", "stop", -1, 221),
    ),
    ("openai-embeddings", VECTORS, Read(chunks=1, prompt_tokens=8)),
    ("vllm-pooling", VECTORS, Read(chunks=1, prompt_tokens=8)),
    ("vllm-rerank", SCORES, Read(chunks=1, prompt_tokens=8)),
    ("vllm-rerank", {**SCORES, "usage": {"total_tokens": 8}}, Read(chunks=1, prompt_tokens=8)),
]


@pytest.mark.parametrize(("name", "answer", "wanted"), ANSWERS)
def test_a_whole_answer(name: str, answer: dict[str, Any], wanted: Read) -> None:
    assert read_whole(backend_named(name).plain_rules, json.dumps(answer)) == wanted


def test_a_response_of_several_items() -> None:
    """Contents are lists of parts, which orjson sorts."""
    output = [
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm "}]},
        {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    ]
    got = read_whole(
        backend_named("openai-responses").plain_rules, json.dumps({**RESPONSE, "output": output})
    )
    assert (got.text, got.reasoning, got.tokens, got.unsure) == ("Hi", "hm ", 1, 1)
    assert response_calls(got.pieces) == [{"id": "c", "name": "f", "arguments": "{}"}]


def test_every_family_is_here() -> None:
    assert {backend_named(name).family for name, _, _ in ANSWERS} == {b.family for b in BACKENDS.values()}


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_an_error_in_place_of_an_answer(name: str) -> None:
    assert read_whole(BACKENDS[name].plain_rules, '{"error": {"message": "no"}}').failed
