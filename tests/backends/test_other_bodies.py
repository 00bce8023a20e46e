"""Request bodies of the APIs other than completions and chat, and of answers that are not streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisbench.backends.backend import BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import BACKENDS, backend_named
from aisbench.errors import BadInput

PLAIN = BodyOptions("org/m")
FULL = BodyOptions("org/m", ignore_eos=True, temperature=0.5)
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
P = Prompt("hi", 1, 8)


def body(name: str, prompt: Prompt = P, options: BodyOptions = PLAIN) -> str:
    return backend_named(name).body(prompt, options).decode()


@pytest.mark.parametrize(
    ("name", "plain", "full"),
    [
        # What `vllm bench serve` 0.32 sends, byte for byte.
        (
            "openai-responses",
            '{"model": "org/m", "input": "hi", "max_output_tokens": 8, "stream": true, "store": false}',
            '{"model": "org/m", "input": "hi", "max_output_tokens": 8, "stream": true, "store": false, '
            '"ignore_eos": true, "temperature": 0.5}',
        ),
        (
            "openai-embeddings",
            '{"model": "org/m", "input": "hi", "truncate_prompt_tokens": -1}',
            '{"model": "org/m", "input": "hi", "truncate_prompt_tokens": -1}',
        ),
        (
            "vllm-pooling",
            '{"model": "org/m", "truncate_prompt_tokens": -1, "input": "hi"}',
            '{"model": "org/m", "truncate_prompt_tokens": -1, "input": "hi"}',
        ),
        # The others as their servers document them.
        (
            "tgi",
            '{"inputs": "hi", "parameters": {"max_new_tokens": 8, "details": true}}',
            '{"inputs": "hi", "parameters": {"max_new_tokens": 8, "details": true, "ignore_eos_token": true, '
            '"temperature": 0.5}}',
        ),
        (
            "tensorrt-llm",
            '{"text_input": "hi", "max_tokens": 8, "stream": true}',
            '{"text_input": "hi", "max_tokens": 8, "stream": true, "min_tokens": 8, "min_length": 8, '
            '"temperature": 0.5}',
        ),
        (
            "sglang-native",
            '{"text": "hi", "sampling_params": {"max_new_tokens": 8}, "stream": true}',
            '{"text": "hi", "sampling_params": {"temperature": 0.5, "max_new_tokens": 8, "ignore_eos": true}, '
            '"stream": true}',
        ),
        (
            "mindie",
            '{"model": "org/m", "prompt": "hi", "max_tokens": 8, "stream": true}',
            '{"model": "org/m", "prompt": "hi", "max_tokens": 8, "stream": true, "ignore_eos": true, '
            '"temperature": 0.5}',
        ),
        (
            "mindie-chat",
            '{"model": "org/m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8, "stream": true}',
            '{"model": "org/m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8, '
            '"stream": true, "ignore_eos": true, "temperature": 0.5}',
        ),
        (
            "mindie-triton",
            '{"text_input": "hi", "parameters": {"max_new_tokens": 8, "details": true}}',
            '{"text_input": "hi", "parameters": {"temperature": 0.5, "ignore_eos": true, "max_new_tokens": 8, '
            '"details": true}}',
        ),
        (
            "mindie-infer",
            '{"inputs": "hi", "stream": true, "parameters": {"max_new_tokens": 8, "details": true}}',
            '{"inputs": "hi", "stream": true, "parameters": {"temperature": 0.5, "ignore_eos": true, '
            '"max_new_tokens": 8, "details": true}}',
        ),
    ],
)
def test_bodies(name: str, plain: str, full: str) -> None:
    assert body(name) == plain
    assert json.loads(body(name, options=FULL)) == json.loads(full)


def test_rerank_is_as_vllm_s() -> None:
    prompt = Prompt("query", 5, None, documents=("a", "b"))
    assert body("vllm-rerank", prompt) == (
        '{"model": "org/m", "query": "query", "documents": ["a", "b"], "truncate_prompt_tokens": -1}'
    )
    with pytest.raises(BadInput, match="needs documents"):
        body("vllm-rerank")


@pytest.mark.parametrize("name", ["openai-embeddings", "vllm-pooling"])
def test_several_texts_and_token_ids_can_be_embedded(name: str) -> None:
    assert json.loads(body(name, Prompt("", 5, None, texts=("a", "b"))))["input"] == ["a", "b"]
    assert json.loads(body(name, Prompt("", 2, None, token_ids=(5, 6))))["input"] == [5, 6]


def test_token_ids_go_where_they_are_understood() -> None:
    ids = Prompt("", 2, 8, token_ids=(5, 6))
    assert body("sglang-native", ids) == (
        '{"input_ids": [5, 6], "sampling_params": {"max_new_tokens": 8}, "stream": true}'
    )
    taking = {b.family for b in BACKENDS.values() if b.takes_token_ids}
    assert taking == {"openai-completions", "sglang-native", "openai-embeddings", "vllm-pooling"}


WHOLE = BodyOptions("org/m", stream=False)


def test_bodies_of_answers_that_are_not_streamed() -> None:
    """Where the path decides, nothing in the body does."""
    names = set(BACKENDS) - {"vllm-rerank"}
    streams = {name: json.loads(body(name, options=WHOLE)).get("stream", "by path") for name in names}
    by_path = {"tgi", "mindie-triton", "openai-embeddings", "vllm-pooling"}
    assert streams == {name: "by path" if name in by_path else False for name in streams}
    for name in ("vllm", "openai-chat"):
        assert "stream_options" not in body(name, options=WHOLE)
    assert body("tensorrt-llm", options=WHOLE).endswith(
        '"stream": false, "return_num_input_tokens": true, "return_num_output_tokens": true}'
    )


@pytest.mark.parametrize(
    ("name", "streamed", "whole"),
    [
        ("tgi", "/generate_stream", "/generate"),
        ("tensorrt-llm", "/v2/models/a%2Fb%20c/generate_stream", "/v2/models/a%2Fb%20c/generate"),
        ("mindie-triton", "/v2/models/a%2Fb%20c/generate_stream", "/v2/models/a%2Fb%20c/generate"),
        ("mindie-infer", "/infer", "/infer"),
        ("sglang-native", "/generate", "/generate"),
        ("openai-responses", "/v1/responses", "/v1/responses"),
        ("openai-embeddings", "/v1/embeddings", "/v1/embeddings"),
        ("vllm-pooling", "/pooling", "/pooling"),
        ("vllm-rerank", "/v1/rerank", "/v1/rerank"),
        ("mindie", "/v1/completions", "/v1/completions"),
        ("mindie-chat", "/v1/chat/completions", "/v1/chat/completions"),
    ],
)
def test_paths(name: str, streamed: str, whole: str) -> None:
    backend = backend_named(name)
    assert backend.path_for("a/b c", stream=True) == streamed
    assert backend.path_for("a/b c", stream=False) == whole


@pytest.mark.parametrize("name", ["tgi", "mindie-triton", "mindie-infer"])
def test_a_temperature_of_0_is_not_sampling_where_0_is_refused(name: str) -> None:
    sent = json.loads(body(name, options=BodyOptions("m", temperature=0.0)))["parameters"]
    assert sent["do_sample"] is False
    assert "temperature" not in sent


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("tgi", "parameters"),
        ("mindie-triton", "parameters"),
        ("mindie-infer", "parameters"),
        ("sglang-native", "sampling_params"),
    ],
)
def test_sampling_parameters_of_extra_body_join_the_others(name: str, inner: str) -> None:
    options = BodyOptions("m", extra_body={inner: {"top_p": 0.9, "max_new_tokens": 3}, "other": 1})
    prompt = Prompt("hi", 1, 8, fields={inner: {"top_p": 0.5}})
    sent = json.loads(body(name, prompt, options))
    assert sent["other"] == 1
    assert (sent[inner]["top_p"], sent[inner]["max_new_tokens"]) == (0.5, 3)


def test_in_openai_s_bodies_extra_body_replaces_as_in_vllm() -> None:
    sent = json.loads(body("vllm", options=BodyOptions("m", extra_body={"stream_options": {"a": 1}})))
    assert sent["stream_options"] == {"a": 1}


# Anthropic's API requires a limit.
@pytest.mark.parametrize("name", sorted(set(BACKENDS) - {"vllm-rerank", "anthropic-messages"}))
def test_an_output_as_long_as_the_server_likes(name: str) -> None:
    assert "null" not in body(name, Prompt("hi", 1, None), FULL).replace('"logprobs": null', "")
    assert "max" not in body(name, Prompt("hi", 1, None), FULL)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("vllm", ("model",)),
        ("openai-chat", ("model",)),
        ("openai-responses", ("model",)),
        ("openai-embeddings", ("model",)),
        ("mindie", ("model",)),
        ("mindie-chat", ("model",)),
        ("tgi", ("parameters", "adapter_id")),
        ("sglang-native", ("lora_path",)),
    ],
)
def test_a_prompt_may_ask_for_a_model_of_its_own(name: str, where: tuple[str, ...]) -> None:
    found: Any = json.loads(body(name, Prompt("hi", 1, 8, model="lora-1")))
    for step in where:
        found = found[step]
    assert found == "lora-1"


@pytest.mark.parametrize("name", ["tensorrt-llm", "mindie-triton", "mindie-infer"])
def test_where_no_field_names_a_model_it_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=f"--backend {name} cannot name a model for a single request"):
        body(name, Prompt("hi", 1, 8, model="lora-1"))


MESSAGES = (
    {"role": "system", "content": "be brief"},
    {
        "role": "user",
        "content": [{"type": "text", "text": "what is it?"}, IMAGE, {"type": "input_audio", "x": 1}],
    },
)


def test_messages_as_responses_want_them() -> None:
    sent = json.loads(body("openai-responses", Prompt("", 3, 8, messages=MESSAGES)))["input"]
    assert sent == [
        {"role": "system", "content": "be brief"},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "what is it?"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
                {"type": "input_audio", "x": 1},
            ],
        },
    ]


def test_images_stand_behind_the_text() -> None:
    prompt = Prompt("hi", 1, 8, media=(IMAGE,))
    parts = [{"type": "text", "text": "hi"}, IMAGE]
    assert json.loads(body("openai-chat", prompt))["messages"] == [{"role": "user", "content": parts}]
    assert json.loads(body("mindie-chat", prompt))["messages"] == [{"role": "user", "content": parts}]
    (message,) = json.loads(body("openai-responses", prompt))["input"]
    assert [p["type"] for p in message["content"]] == ["input_text", "input_image"]


def test_messages_of_a_conversation_stay_as_they_are() -> None:
    prompt = Prompt("", 3, 8, messages=MESSAGES)
    for name in ("openai-chat", "mindie-chat"):
        assert json.loads(body(name, prompt))["messages"] == list(MESSAGES)


def test_a_body_of_its_own_is_sent_as_it_is() -> None:
    assert body("tgi", Prompt("hi", 1, 8, body=b'{ "x":1}')) == '{ "x":1}'
