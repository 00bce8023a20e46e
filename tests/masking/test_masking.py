"""Secrets are masked, and everything else stays readable."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.masking import masking
from aisbench.masking.masking import (
    masked_command,
    masked_header,
    masked_options,
    masked_text,
    masked_url,
    remember_command,
    remember_environment,
    remember_options,
)


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "known", set())


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ("Authorization: Bearer abcdef", "Authorization: Bearer ***"),
        ("authorization:abcdef", "authorization:***"),
        ("api-key=abcdef", "api-key=***"),
        ("X-Anything: abcdef", "X-Anything: ***"),
        ("Cookie: a=b; c=d", "Cookie: ***"),
        ("Accept: text/event-stream", "Accept: text/event-stream"),
        ("User-Agent: me", "User-Agent: me"),
        ("abcdef", "***"),
        ('{"api-key": "abcdef", "Accept": "a"}', '{"api-key": "***", "Accept": "a"}'),
    ],
)
def test_a_headers_value_is_masked_unless_it_is_plainly_harmless(given: str, masked: str) -> None:
    assert masked_header(given) == masked


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ("http://host:80/v1", "http://host:80/v1"),
        ("http://me:pass@host:80/v1", "http://***@host:80/v1"),
        ("https://token@host", "https://***@host"),
        ("me:pass@host:3128", "***@host:3128"),
        ("http://me:pa/ss@host:80", "http://***@host:80"),
        ("http://me:pa@ss@[::1]:99999", "http://***@[::1]:99999"),
        ("http://host/models/@best", "http://host/models/@best"),
        ("http://host:80/@best", "http://host:80/@best"),
        (
            "https://host/x?api-version=2024-10-21&api-key=abc",
            "https://host/x?api-version=2024-10-21&api-key=***",
        ),
        ("/v1/x?code=abc", "/v1/x?code=***"),
    ],
)
def test_what_a_url_holds_of_credentials_is_masked(given: str, masked: str) -> None:
    assert masked_url(given) == masked


@pytest.mark.parametrize("flag", ["--upload", "--otlp-endpoint", "--tracking-uri"])
def test_a_place_for_results_is_masked_as_a_url(flag: str) -> None:
    args = [flag, "sftp://me:Secret-pass-1@host/runs", f"{flag}=https://host/x?sig=Secret-sig-2"]
    masked = [flag, "sftp://***@host/runs", f"{flag}=https://host/x?sig=***"]
    assert masked_command(args) == masked
    remember_command(args)
    assert masked_text("Secret-pass-1 and Secret-sig-2") == "*** and ***"


def test_options_are_masked_by_their_names() -> None:
    options = {
        "header": ("A: 1", "Accept: x"),
        "extra_headers": {"a": "1"},
        "proxy": "http://u:p@h:1",
        "url": ["http://h:1"],
        "url_policy": "least",
        "api_key": "k",
        "seed": 3,
        "proxies": None,
    }
    assert masked_options(options) == {
        "header": ["A: ***", "Accept: x"],
        "extra_headers": {"a": "***"},
        "proxy": "http://***@h:1",
        "url": ["http://h:1"],
        "url_policy": "least",
        "api_key": "***",
        "seed": 3,
        "proxies": None,
    }


def test_a_command_line_keeps_its_shape() -> None:
    given = "--url http://u:p@h:1 --header A:1 --header=B:2 --api-key k --api-key=k --rate -1 --extra-headers C=3 D=4"
    shown = (
        "--url http://***@h:1 --header A:*** --header=B:*** --api-key *** --api-key=*** --rate -1 "
        "--extra-headers C=*** D=***"
    )
    assert " ".join(masked_command(given.split())) == shown


def test_known_secrets_are_masked_in_any_text() -> None:
    remember_command(["--header", "Authorization: Bearer abc123xyz", "--api-key", "sk-0123456789"])
    remember_options({"proxy": "http://me:p%40ssword1@h:1"})
    told = "401: 'Bearer abc123xyz', sk-0123456789, p@ssword1 and p%40ssword1 are wrong"
    assert masked_text(told) == "401: 'Bearer ***', ***, *** and *** are wrong"


def test_a_plain_word_is_left_in_a_text_though_it_is_a_key() -> None:
    remember_command(["--api-key", "token", "--header", "X: a1"])
    assert masked_text("no token in line a1") == "no token in line a1"
    remember_command(["--api-key", "hunter2"])
    assert masked_text("hunter2 of hunter23") == "*** of hunter23"


def test_credentials_that_nobody_named_are_masked_by_their_form() -> None:
    assert masked_text("cannot reach http://me:pass@host/") == "cannot reach http://***@host/"
    assert masked_text("sent Bearer abcdefgh1") == "sent Bearer ***"
    assert masked_text("basic authentication is wanted") == "basic authentication is wanted"


@pytest.mark.parametrize(
    ("options", "flag"),
    [({"header": ("Authorization: Bearer ***",)}, "--header"), ({"proxy": "http://***@h:1"}, "--proxy")],
)
def test_a_masked_value_is_not_sent(options: dict[str, Any], flag: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"{flag} contains ***")):
        RunConfig(**options).check()


def test_a_traceback_is_shown_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    remember_command(["--api-key", "sk-0123456789"])
    try:
        raise ValueError("sk-0123456789 is wrong")
    except ValueError as problem:
        masking.show_masked(type(problem), problem, problem.__traceback__)
    assert capsys.readouterr().err.endswith("ValueError: *** is wrong\n")


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "MLFLOW_TRACKING_PASSWORD"]
)
def test_keys_of_the_environment_are_masked_in_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "Secret-key-3")
    remember_environment()
    assert masked_text("the key Secret-key-3 is wrong") == "the key *** is wrong"
