"""What the server makes of request bodies, in every API, and how each refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisbench.simulator.asked import Asked, Refusal, parse_json
from aisbench.simulator.model.parameters import Parameters
from aisbench.simulator.routes import route_of

PARAMETERS = Parameters(model="m", model_alias=("lora-1",), max_model_len=50, image_tokens=9)
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
COMPLETIONS = "/v1/completions"
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
TRITON = "/v2/models/m/generate_stream"


def asked(path: str, fields: Any, parameters: Parameters = PARAMETERS) -> Asked:
    route = route_of(path)
    assert route is not None
    return route.dialect_of(fields).parse(fields, route.way, parameters)


def refused(path: str, fields: Any, parameters: Parameters = PARAMETERS) -> tuple[int, Any]:
    route = route_of(path)
    assert route is not None
    with pytest.raises(Refusal) as caught:
        asked(path, fields, parameters)
    status, body = route.dialect_of(fields).refuse(caught.value)
    return status, json.loads(body)


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [("three  little words\n", 3), ([5, 6, 7, 8], 4), (["two words"], 2), ([[1, 2]], 2)],
)
def test_prompts_are_counted(prompt: Any, tokens: int) -> None:
    assert asked(COMPLETIONS, {"prompt": prompt}).prompt_tokens == tokens


def test_messages_are_counted_together_and_images_by_a_fixed_number() -> None:
    parts = [{"type": "text", "text": "a b"}, {"type": "text", "text": "c"}]
    messages = [{"role": "system", "content": "x y"}, {"role": "user", "content": parts}]
    assert asked(CHAT, {"messages": messages}).prompt_tokens == 5
    assert asked(CHAT, {"messages": [{"content": [*parts, IMAGE]}]}).prompt_tokens == 3 + 9
    # MindIE takes the image's URL without an object around it.
    bare = {"type": "image_url", "image_url": "file.png"}
    assert asked(CHAT, {"messages": [{"content": [bare]}]}).prompt_tokens == 9
    inputs = [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "data:,x"}]
    assert asked(RESPONSES, {"input": [{"role": "user", "content": inputs}]}).prompt_tokens == 10


@pytest.mark.parametrize(
    ("path", "fields", "wanted"),
    [
        (
            CHAT,
            {
                "model": "m",
                "messages": [{"role": "user", "content": "a"}],
                "max_tokens": 3,
                "max_completion_tokens": 7,
                "stream": True,
                "stream_options": {"include_usage": True},
                "ignore_eos": True,
                "temperature": 0.5,
                "something_unknown": {"deep": [1]},
            },
            Asked(1, 7, "m", stream=True, ignore_eos=True),
        ),
        (
            COMPLETIONS,
            {"prompt": "a", "max_completion_tokens": 7, "max_tokens": 3, "model": "lora-1"},
            Asked(1, 3, "lora-1", wants_usage=False),
        ),
        (COMPLETIONS, {"prompt": "a", "stream_options": None}, Asked(1, 16, "m", wants_usage=False)),
        (RESPONSES, {"input": "a b", "max_output_tokens": 4, "stream": True}, Asked(2, 4, "m", stream=True)),
        (
            "/generate_stream",
            {
                "inputs": "a b",
                "parameters": {"max_new_tokens": 4, "ignore_eos_token": True, "adapter_id": "lora-1"},
            },
            Asked(2, 4, "lora-1", stream=True, wants_usage=False, ignore_eos=True),
        ),
        ("/generate", {"inputs": "a", "parameters": {"details": True}}, Asked(1, 16, "m")),
        ("/generate", {"inputs": "a"}, Asked(1, 16, "m", wants_usage=False)),
        (
            "/generate",
            {"text": "a", "sampling_params": {"max_new_tokens": 4, "ignore_eos": True}, "stream": True},
            Asked(1, 4, "m", stream=True, ignore_eos=True),
        ),
        ("/generate", {"input_ids": [5, 6, 7], "lora_path": "lora-1"}, Asked(3, 16, "lora-1")),
        (TRITON, {"text_input": "a b c", "max_tokens": 4}, Asked(3, 4, "m", stream=True, wants_usage=False)),
        (
            TRITON,
            {"text_input": "a", "parameters": {"max_tokens": 4, "min_tokens": 4}},
            Asked(1, 4, "m", stream=True, wants_usage=False, ignore_eos=True),
        ),
        (
            "/v2/models/lora%2D1/generate",
            {"text_input": "a", "max_tokens": 4, "min_length": 4, "return_num_output_tokens": True},
            Asked(1, 4, "lora-1", ignore_eos=True),
        ),
        (
            TRITON,
            {"text_input": "a", "parameters": {"max_new_tokens": 4, "details": True, "ignore_eos": True}},
            Asked(1, 4, "m", stream=True, ignore_eos=True),
        ),
        (
            "/infer",
            {"inputs": "a", "stream": True, "parameters": {"max_new_tokens": 4}},
            Asked(1, 4, "m", stream=True, wants_usage=False),
        ),
    ],
)
def test_bodies_of_every_api(path: str, fields: Any, wanted: Asked) -> None:
    assert asked(path, fields) == wanted


@pytest.mark.parametrize(
    ("given", "tokens", "vectors"),
    [("a b", 2, 1), (["a b", "c"], 3, 2), ([5, 6], 2, 1), ([[5, 6], [7]], 3, 2)],
)
def test_inputs_of_embeddings(given: Any, tokens: int, vectors: int) -> None:
    for path in ("/v1/embeddings", "/pooling"):
        got = asked(path, {"input": given})
        assert got == Asked(tokens, 1, "m", generates=False, vectors=vectors)


def test_a_query_counts_with_each_document() -> None:
    got = asked("/v1/rerank", {"query": "a b", "documents": ["c", "d e"]})
    assert (got.prompt_tokens, got.vectors, got.documents) == (3 + 4, 2, ("c", "d e"))


def test_what_is_too_long_to_embed_is_cut_only_on_request() -> None:
    long = "a " * 60
    assert asked("/v1/embeddings", {"input": [long, "b"], "truncate_prompt_tokens": -1}).prompt_tokens == 50
    assert "maximum context length is 50" in refused("/v1/embeddings", {"input": long})[1]["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"prompt": "a", "model": "other"}, 404, "The model `other` does not exist."),
        ({"prompt": "a", "model": {}}, 404, "does not exist"),
        ({"prompt": "a " * 30, "max_tokens": 21}, 400, "maximum context length is 50 tokens"),
        ({"prompt": "a", "max_tokens": 0}, 400, "max_tokens must be at least 1, got 0"),
        ({"prompt": "a", "max_tokens": True}, 400, "max_tokens"),
        ({"prompt": "a", "max_tokens": 1.5}, 400, "max_tokens"),
        ({"prompt": ""}, 400, "empty"),
        ({"prompt": ["a", "b"]}, 400, "prompt must be"),
        ({"prompt": {"a": 1}}, 400, "prompt must be"),
        ({}, 400, "prompt must be"),
        ({"prompt": "a", "stream_options": 3}, 400, "stream_options"),
    ],
)
def test_what_cannot_be_answered_is_refused_as_vllm_does(fields: Any, status: int, said: str) -> None:
    given, body = refused(COMPLETIONS, fields)
    assert given == body["error"]["code"] == status
    assert said in body["error"]["message"]
    assert set(body["error"]) == {"message", "type", "param", "code"}


LONG = "a " * 49


@pytest.mark.parametrize(
    ("path", "fields", "status", "body"),
    [
        (
            "/generate_stream",
            {"inputs": LONG, "parameters": {"max_new_tokens": 2}},
            422,
            {
                "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 50. Given: 49 "
                "`inputs` tokens and 2 `max_new_tokens`",
                "error_type": "validation",
            },
        ),
        (
            "/generate",
            {"inputs": 3},
            422,
            {"error": "Input validation error: inputs must be a string", "error_type": "validation"},
        ),
        (TRITON, {"max_tokens": 3}, 400, {"error": "text_input must be a string"}),
        (
            "/v2/models/other/generate",
            {"text_input": "a", "max_tokens": 1},
            404,
            {"error": "The model `other` does not exist."},
        ),
        (
            "/generate",
            {"sampling_params": {}},
            400,
            {"error": {"message": "Either text, input_ids or input_embeds should be provided."}},
        ),
        (
            "/infer",
            {"inputs": "a", "parameters": {"max_new_tokens": 0}},
            422,
            {"error": "max_new_tokens must be at least 1, got 0.", "error_type": "Input validation error"},
        ),
    ],
)
def test_others_refuse_in_their_own_words(path: str, fields: Any, status: int, body: Any) -> None:
    assert refused(path, fields) == (status, body)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (RESPONSES, {"input": 3}),
        (RESPONSES, {"input": []}),
        ("/v1/embeddings", {"input": ""}),
        ("/v1/embeddings", {"input": ["a", ""]}),
        ("/v1/embeddings", {"input": []}),
        ("/v1/embeddings", {"input": [1.5]}),
        ("/pooling", {}),
        ("/v1/rerank", {"query": "a", "documents": []}),
        ("/v1/rerank", {"query": "a", "documents": [3]}),
        ("/v1/rerank", {"query": ["a"], "documents": ["b"]}),
        ("/generate", {"inputs": "a", "parameters": [1]}),
        ("/generate", {"text": ["a"]}),
    ],
)
def test_inputs_that_make_no_sense_are_refused(path: str, fields: Any) -> None:
    assert refused(path, fields)[0] in (400, 422)


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        ["a"],
        [{"role": "user"}],
        [{"content": [{"type": "image_url", "image_url": {}}]}],
        [{"content": [{"type": "text"}]}],
        [{"content": [3]}],
    ],
)
def test_messages_without_text_are_refused(messages: Any) -> None:
    assert refused(CHAT, {"messages": messages})[0] == 400


@pytest.mark.parametrize("body", [b"{nope", b"", b"[1]"])
def test_what_is_no_json_object(body: bytes) -> None:
    with pytest.raises(Refusal, match="the body is not"):
        parse_json(body)


def test_the_context_is_at_most_the_cache() -> None:
    small = Parameters(kv_tokens=10)
    _, body = refused(COMPLETIONS, {"prompt": "a b c", "max_tokens": 8}, small)
    assert "maximum context length is 10 tokens" in body["error"]["message"]
    many = {"input": ["a b c d"] * 3}
    assert "more than the cache" in refused("/v1/embeddings", many, small)[1]["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/v2/models//generate", "/v2/models/a/b/generate", "/v2/models/a/infer", "/x"]
)
def test_paths_that_lead_nowhere(path: str) -> None:
    assert route_of(path) is None
