"""Fields of bodies are secret by their names; everything else stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.errors import BadInput
from aisbench.masking import masking
from aisbench.masking.fields import (
    field_secrets,
    is_secret_name,
    masked_fields,
    masked_in_text,
    masked_names,
    masked_words,
    word_secrets,
)
from aisbench.masking.masking import masked_command, masked_options, remember_options
from aisbench.workload.bodies import blank_secrets, check_unmasked, without_secrets


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apiKey",
        "API-KEY",
        "apikey",
        "x.api.key",
        "token",
        "hf_token",
        "accessToken",
        "client_secret",
        "secrets",
        "password",
        "db_password",
        "passwd",
        "Authorization",
        "auth",
        "bearer",
        "credentials",
        "cookie",
        "private_key",
        "jwt",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens",
        "max_completion_tokens",
        "stop_token_ids",
        "eos_token",
        "bos_token",
        "image_token",
        "prompt_cache_key",
        "key",
        "keys",
        "tokenizer",
        "author",
        "secretary",
        "monkey",
        "user",
        "safety_identifier",
        "cache_salt",
        "top_k",
    ],
)
def test_names_of_anything_else(name: str) -> None:
    assert not is_secret_name(name)


DEEP: dict[str, Any] = {
    "api_key": "k1",
    "n": 3,
    "token": None,
    "password": "",
    "tools": [
        {
            "type": "mcp",
            "server_url": "https://me:k2@h/x?a=b",
            "headers": {"Authorization": "Bearer k3", "Accept": "x"},
        },
        {"parameters": {"properties": {"password": {"type": "string"}}, "required": ["password"]}},
    ],
    "metadata": {"hfToken": ["k4", "k5"], "note": "a@b"},
}
MASKED: dict[str, Any] = {
    **DEEP,
    "api_key": "***",
    "tools": [
        {
            "type": "mcp",
            "server_url": "https://***@h/x?a=b",
            "headers": {"Authorization": "Bearer ***", "Accept": "x"},
        },
        DEEP["tools"][1],
    ],
    "metadata": {"hfToken": ["***", "***"], "note": "a@b"},
}


def test_a_body_is_masked_however_deep() -> None:
    assert masked_fields(DEEP) == MASKED
    assert field_secrets(DEEP) == {"k1", "k2", "k3", "k4", "k5"}
    assert masked_names(DEEP) == []
    assert masked_names(MASKED) == [
        "api_key",
        "tools.server_url",
        "tools.headers.Authorization",
        "metadata.hfToken",
    ]
    assert masked_fields(MASKED) == MASKED
    assert masked_options({"extra_body": DEEP, "metadata": {"password": "p", "a": "b"}}) == {
        "extra_body": MASKED,
        "metadata": {"password": "***", "a": "b"},
    }


@pytest.mark.parametrize(
    ("given", "masked", "secrets"),
    [
        ('{"api_key":"a\\"b"}', '{"api_key": "***"}', {'a"b'}),
        ('{"top_k":1}', '{"top_k":1}', set()),
        ('{"api_key": "abc", "top_k": ', '{"api_key": "***", "top_k": ', {"abc"}),
        ('{"api_key": "abc', '{"api_key": "***', {"abc"}),
        ("password=a=b", "password=***", {"a=b"}),
        ("concurrency=1,2", "concurrency=1,2", set()),
        ("no password here", "no password here", set()),
    ],
)
def test_the_text_of_an_option(given: str, masked: str, secrets: set[str]) -> None:
    assert masked_words(given) == masked
    assert word_secrets(given) == secrets


def test_toml_keeps_its_shape() -> None:
    given = '[generation_kwargs]\napi_key = "short"\nmodel = "m"\n'
    assert masked_in_text(given) == '[generation_kwargs]\napi_key = "***"\nmodel = "m"\n'


def test_a_command_line_with_a_body() -> None:
    given = [
        "--extra-body",
        '{"api_key": "k", "top_k": 1}',
        "--metadata",
        "token=t",
        "a=b",
        "--label=secret=x",
    ]
    assert masked_command(given) == [
        *("--extra-body", '{"api_key": "***", "top_k": 1}'),
        *("--metadata", "token=***", "a=b", "--label=secret=***"),
    ]


def test_bodies_on_disk_keep_their_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "in_bodies", set())
    monkeypatch.setattr(masking, "known", set())
    remember_options(
        {"extra_body": {"api_key": "abc", "auth": {"token": "Long-Secret-1\u00e9"}}, "header": ["A: head"]}
    )
    path = tmp_path / "bodies.bin"
    before = 'abc "abc" head "Bearer Long-Secret-1\u00e9" "Long-Secret-1\\u00e9"'.encode()
    path.write_bytes(before)
    blank_secrets(path, masking.in_bodies)
    after = path.read_bytes()
    assert len(after) == len(before)
    # A short secret is one only where it is a whole text.
    assert after.decode() == f'abc "***" head "Bearer {"*" * 15}" "{"*" * 19}"'
    blank_secrets(tmp_path / "none", {"abc"})


def test_bodies_that_are_exported_and_come_back() -> None:
    assert without_secrets(b'{"prompt": "my token", "n": 1}') == b'{"prompt": "my token", "n": 1}'
    masked = without_secrets(b'{"a": 1, "api_key": "k"}')
    assert masked == b'{"a": 1, "api_key": "***"}'
    assert without_secrets(b'{"api_key": "k", "odd": nothing}') == b'{"api_key": "***", "odd": nothing}'
    check_unmasked(b'{"prompt": "***", "note": "a ***"}')
    with pytest.raises(BadInput, match="in place of api_key; give it again, as in --extra-body"):
        check_unmasked(masked)
