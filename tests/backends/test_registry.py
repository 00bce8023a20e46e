"""Backends by name."""

from __future__ import annotations

import pytest

from aisbench._native.decode import MEANINGS, Decoder
from aisbench.backends import rules
from aisbench.backends.registry import BACKENDS, NOT_YET, backend_named
from aisbench.errors import BadInput


@pytest.mark.parametrize("name", ["vllm", "openai", "lmdeploy", "scalellm", "sglang"])
def test_names_of_the_completions_family(name: str) -> None:
    backend = backend_named(name)
    assert backend.path == "/v1/completions"
    assert backend.takes_token_ids


def test_chat() -> None:
    backend = backend_named("openai-chat")
    assert backend.path == "/v1/chat/completions"
    assert not backend.takes_token_ids


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "openai-chatt",
            "--backend 'openai-chatt' is unknown; did you mean openai-chat? known: openai, vllm,",
        ),
        ("VLLM", "--backend 'VLLM' is unknown; did you mean vllm? known: "),
        ("zzz", "--backend 'zzz' is unknown; known: openai, vllm, sglang, lmdeploy, scalellm, openai-chat"),
        ("tgi", "--backend tgi is not supported yet; known: openai, "),
        ("tensorrt-llm", "--backend tensorrt-llm is not supported yet; known: "),
    ],
)
def test_names_that_cannot_be_used(name: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        backend_named(name)
    assert str(refused.value).startswith(said)


def test_no_name_is_both_known_and_not_yet() -> None:
    assert not set(BACKENDS) & set(NOT_YET)


def test_the_words_for_meanings_are_the_decoder_s() -> None:
    words = {value for name, value in vars(rules).items() if name.isupper() and isinstance(value, str)}
    assert words == set(MEANINGS)


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_each_backend_s_rules_read_a_whole_stream(name: str) -> None:
    backend = backend_named(name)
    decoder = Decoder(backend.rules)
    text = b'"delta": {"content": "Hi"}' if backend.family == "openai-chat" else b'"text": "Hi"'
    first = decoder.explain(b'{"choices": [{%b, "finish_reason": "stop"}]}' % text)
    assert first is not None
    assert (first["chunk"], first["content"], first["finish"] > 0) == (True, "Hi", True)
    last = decoder.explain(b'{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}')
    assert last is not None
    assert (last["chunk"], last["prompt_tokens"], last["output_tokens"]) == (False, 3, 1)
    failure = decoder.explain(b'{"error": {"message": "out of memory"}}')
    assert failure is not None
    assert failure["error"]
