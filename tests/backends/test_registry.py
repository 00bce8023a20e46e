"""Backends by name."""

from __future__ import annotations

import pytest

from aisbench._native.protocol.decode import MEANINGS, Decoder
from aisbench.backends import event_rules as rules
from aisbench.backends.registry import AISBENCH_NAMES, BACKENDS, backend_named
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
        (
            "tgi_strem_api_general",
            "--backend 'tgi_strem_api_general' is unknown; did you mean tgi_stream_api_general? ",
        ),
        ("rerank", "--backend 'rerank' is unknown; did you mean vllm-rerank? known: "),
    ],
)
def test_names_that_cannot_be_used(name: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        backend_named(name)
    assert str(refused.value).startswith(said)


def test_aisbench_s_names_lead_to_ours() -> None:
    assert set(AISBENCH_NAMES.values()) <= set(BACKENDS)
    assert not set(AISBENCH_NAMES) & set(BACKENDS)
    assert backend_named("vllm_api_stream_chat") is backend_named("openai-chat")
    assert backend_named("mindie_stream_api_general").path == "/infer"


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_what_streams_generates_and_what_does_not_has_no_rules(name: str) -> None:
    backend = BACKENDS[name]
    assert backend.generates == (backend.rules is not None)
    Decoder(backend.plain_rules)


def test_the_words_for_meanings_are_the_decoder_s() -> None:
    words = {value for name, value in vars(rules).items() if name.isupper() and isinstance(value, str)}
    assert words == set(MEANINGS)
