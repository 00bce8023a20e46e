"""Request bodies, byte for byte as vLLM 0.32's client sends them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.backends.backend import BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named

COMPLETIONS = backend_named("vllm")
CHAT = backend_named("openai-chat")


@pytest.mark.parametrize(
    ("options", "tail"),
    [
        (BodyOptions("org/m"), b"}"),
        (BodyOptions("org/m", ignore_eos=True), b', "ignore_eos": true}'),
        (
            BodyOptions("org/m", True, 0.0, {"top_k": 1, "guided": {"a": None}}),
            b', "ignore_eos": true, "temperature": 0.0, "top_k": 1, "guided": {"a": null}}',
        ),
        # What is there already is replaced where it stands, as by dict.update.
        (
            BodyOptions("org/m", True, extra_body={"ignore_eos": False, "n": 2}),
            b', "ignore_eos": false, "n": 2}',
        ),
    ],
)
def test_bodies_are_those_of_vllm(options: BodyOptions, tail: bytes) -> None:
    prompt = Prompt('hé "x"\n', prompt_tokens=3, output_tokens=128)
    assert COMPLETIONS.body(prompt, options) == (
        b'{"model": "org/m", "prompt": "h\\u00e9 \\"x\\"\\n", "repetition_penalty": 1.0, "max_tokens": 128, '
        b'"logprobs": null, "stream": true, "stream_options": {"include_usage": true}' + tail
    )
    assert CHAT.body(prompt, options) == (
        b'{"model": "org/m", "messages": [{"role": "user", "content": [{"type": "text", "text": '
        b'"h\\u00e9 \\"x\\"\\n"}]}], "max_completion_tokens": 128, "stream": true, '
        b'"stream_options": {"include_usage": true}' + tail
    )


def test_a_replaced_field_keeps_its_place() -> None:
    body = COMPLETIONS.body(Prompt("p", 1, 8), BodyOptions("m", extra_body={"logprobs": 2, "max_tokens": 9}))
    assert body.startswith(
        b'{"model": "m", "prompt": "p", "repetition_penalty": 1.0, "max_tokens": 9, "logprobs": 2, "stream": true'
    )


@pytest.mark.parametrize(
    "options",
    [
        BodyOptions("m", omitted=("stream_options", "max_completion_tokens")),
        BodyOptions("m", extra_body={"stream_options": None, "max_completion_tokens": None}),
    ],
)
def test_fields_that_a_server_forbids_are_left_out(options: BodyOptions) -> None:
    body = CHAT.body(Prompt("p", 1, 8), options)
    assert set(json.loads(body)) == {"model", "messages", "stream"}


def test_null_for_a_field_of_the_server_alone_is_sent() -> None:
    body = CHAT.body(Prompt("p", 1, 8), BodyOptions("m", extra_body={"seed": None}))
    assert json.loads(body)["seed"] is None


def test_token_ids_take_the_place_of_the_text() -> None:
    body = COMPLETIONS.body(Prompt("", 3, 8, (5, 6, 7)), BodyOptions("m"))
    assert body.startswith(b'{"model": "m", "prompt": [5, 6, 7], "repetition_penalty": 1.0')


@given(st.text(), st.integers(1, 10**6))
def test_any_text_arrives_as_it_was(text: str, output_tokens: int) -> None:
    prompt = Prompt(text, 1, output_tokens)
    completions = COMPLETIONS.body(prompt, BodyOptions("m"))
    chat = CHAT.body(prompt, BodyOptions("m"))
    assert completions.isascii()
    assert chat.isascii()
    assert json.loads(completions)["prompt"] == text
    assert json.loads(chat)["messages"][0]["content"][0]["text"] == text
    assert json.loads(chat)["max_completion_tokens"] == output_tokens


def test_what_json_does_not_have_is_not_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        COMPLETIONS.body(Prompt("p", 1, 8), BodyOptions("m", temperature=float("nan")))
