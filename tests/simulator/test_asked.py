"""What the server makes of request bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisbench.simulator.asked import Asked, Refusal, parse_body
from aisbench.simulator.parameters import Parameters

PARAMETERS = Parameters(model="m", max_model_len=50)


def asked(chat: bool, **fields: Any) -> Asked:
    return parse_body(json.dumps(fields).encode(), chat=chat, parameters=PARAMETERS)


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [("three  little words\n", 3), ([5, 6, 7, 8], 4), (["two words"], 2), ([[1, 2]], 2)],
)
def test_prompts_are_counted(prompt: Any, tokens: int) -> None:
    assert asked(False, prompt=prompt).prompt_tokens == tokens


def test_messages_are_counted_together() -> None:
    parts = [{"type": "text", "text": "a b"}, {"type": "text", "text": "c"}]
    messages = [{"role": "system", "content": "x y"}, {"role": "user", "content": parts}]
    assert asked(True, messages=messages).prompt_tokens == 5


def test_the_rest_of_the_body() -> None:
    got = asked(
        True,
        model="m",
        messages=[{"role": "user", "content": "a"}],
        max_tokens=3,
        max_completion_tokens=7,
        stream=True,
        stream_options={"include_usage": True},
        ignore_eos=True,
        temperature=0.5,
        something_unknown={"deep": [1]},
    )
    assert got == Asked(True, 1, 7, stream=True, include_usage=True, ignore_eos=True)
    assert asked(False, prompt="a", max_completion_tokens=7, max_tokens=3).max_tokens == 3
    assert asked(False, prompt="a", stream_options=None).max_tokens == 16


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"prompt": "a", "model": "other"}, 404, "The model `other` does not exist."),
        ({"prompt": "a " * 30, "max_tokens": 21}, 400, "maximum context length is 50 tokens"),
        ({"prompt": "a", "max_tokens": 0}, 400, "max_tokens must be at least 1, got 0"),
        ({"prompt": "a", "max_tokens": True}, 400, "max_tokens"),
        ({"prompt": "a", "max_tokens": 1.5}, 400, "max_tokens"),
        ({"prompt": ""}, 400, "empty"),
        ({"prompt": ["a", "b"]}, 400, "prompt must be"),
        ({"prompt": {"a": 1}}, 400, "prompt must be"),
        ({}, 400, "prompt must be"),
        ({"prompt": "a", "stream_options": 3}, 400, "stream_options"),
        ([1], 400, "not a JSON object"),
    ],
)
def test_what_cannot_be_answered_is_refused(fields: Any, status: int, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_body(json.dumps(fields).encode(), chat=False, parameters=PARAMETERS)
    error = json.loads(caught.value.body)["error"]
    assert caught.value.status == error["code"] == status
    assert said in error["message"]
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        ["a"],
        [{"role": "user"}],
        [{"content": [{"type": "image_url", "image_url": {}}]}],
        [{"content": [3]}],
    ],
)
def test_messages_without_text_are_refused(messages: Any) -> None:
    with pytest.raises(Refusal):
        asked(True, messages=messages)


def test_the_context_is_at_most_the_cache() -> None:
    small = Parameters(kv_tokens=10)
    with pytest.raises(Refusal, match="maximum context length is 10 tokens"):
        parse_body(b'{"prompt": "a b c", "max_tokens": 8}', chat=False, parameters=small)
