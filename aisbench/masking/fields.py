"""Finds and masks secrets by the names of their fields: in headers, in request bodies, in NAME=VALUE pairs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MASK = "***"
# Any other header may carry a key, a cookie or a customer's name.
_HARMLESS_HEADERS = frozenset(
    [
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "anthropic-version",
        "cache-control",
        "connection",
        "content-language",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "openai-beta",
        "openai-version",
        "origin",
        "pragma",
        "priority",
        "te",
        "user-agent",
        "x-correlation-id",
        "x-model",
        "x-priority",
        "x-request-id",
        "x-request-priority",
    ]
)
_SCHEMES = frozenset(["apikey", "api-key", "basic", "bearer", "digest", "key", "token"])
_SECRET = re.compile(
    r"(^|_)((api|access|auth|account|private|secret|signing|subscription|encryption|service|master|client|ssh|aws|hf)_?key"
    r"|token|secrets?|password|passwd|passphrase|pwd|auth|authorization|bearer|credentials?|cookies?|jwt)$"
)
# A token of text, not one that opens doors.
_TOKEN_OF_TEXT = re.compile(
    r"(^|_)(bos|eos|pad|unk|sep|cls|mask|stop|start|end|begin|first|last|image|audio|video|tool|think|thinking|special|"
    r"control|draft|boundary|per|max|min|prompt|by)_token$"
)
_HEADERS = re.compile(r"(^|_)headers?$")
# Ends with the @ of a user name, perhaps with a password, in a URL.
CREDENTIALS = re.compile(r"(://)[^/?#\s'\"@]+@")
# "name": "value" in JSON, also where the rest of it is broken, and name = "value" in TOML.
_IN_TEXT = re.compile(r"""(?:"([^"\\]+)"\s*:|\b([\w-]+)\s*=)(\s*)(")((?:[^"\\]|\\.)*)("?)""")
_PAIR = re.compile(r"([\w.-]+)=(.+)", re.DOTALL)


def masked_header_value(name: str, value: str) -> str:
    """The masked value of a header; a scheme such as Bearer is left in place."""
    if name.strip().lower() in _HARMLESS_HEADERS or not value:
        return value
    scheme, _, rest = value.partition(" ")
    return f"{scheme} {MASK}" if rest and scheme.lower() in _SCHEMES else MASK


def header_secret(name: str, value: str) -> str | None:
    """What masked_header_value masks; None if that is nothing."""
    masked = masked_header_value(name, value)
    # The scheme is not part of the secret.
    return None if masked == value else value[len(masked) - len(MASK) :]


def is_secret_name(name: str) -> bool:
    """True for the names of fields such as api_key, apiKey, hf-token and password."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()
    plain = re.sub(r"[-.\s]+", "_", plain)
    return _SECRET.search(plain) is not None and _TOKEN_OF_TEXT.search(plain) is None


def masked_fields(value: Any) -> Any:
    """A copy of a JSON value in which the texts of secret fields are masked, however deep they are.

    So are the values of headers, such as those of a tool's server, and user names and passwords in URLs.
    """
    return _swapped(value, "", [])


def field_secrets(value: Any) -> set[str]:
    """What masked_fields masks."""
    found: list[str] = []
    _swapped(value, "", found)
    return set(found) - {"", MASK}


def _swapped(value: Any, name: str, found: list[str]) -> Any:
    if isinstance(value, Mapping):
        if _HEADERS.search(name.lower()):
            return {key: _masked_header(str(key), one, found) for key, one in value.items()}
        return {key: _swapped(one, str(key), found) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_swapped(one, name, found) for one in value]
    if not isinstance(value, str):
        return value
    if is_secret_name(name):
        found.append(value)
        return MASK if value else value
    if "@" in value and name.lower().endswith(("url", "uri", "proxy", "endpoint")):
        for match in CREDENTIALS.finditer(value):
            user, _, password = match[0][3:-1].partition(":")
            found.append(password or user)
        return CREDENTIALS.sub(rf"\1{MASK}@", value)
    return value


def _masked_header(name: str, value: Any, found: list[str]) -> Any:
    if not isinstance(value, str):
        return _swapped(value, name, found)
    if (secret := header_secret(name, value)) is not None:
        found.append(secret)
    return masked_header_value(name, value)


def masked_names(value: Any) -> list[str]:
    """The fields, with dots between the names, that hold the mask in place of a secret."""
    return list(dict.fromkeys(".".join(path) for path in _masked_paths(value, ("",))))


def _masked_paths(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _masked_paths(one, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _masked_paths(one, path)
    elif isinstance(value, str) and MASK in value:
        in_headers = len(path) > 1 and _HEADERS.search(path[-2].lower())
        if in_headers or is_secret_name(path[-1]) or f"://{MASK}@" in value:
            yield path[1:]


# As text


def masked_words(text: str) -> str:
    """The text of an option, JSON or NAME=VALUE, with its secrets masked. Other text stays as it is."""
    if (fields := _json_of(text)) is not None:
        masked = masked_fields(fields)
        return text if masked == fields else json.dumps(masked, ensure_ascii=False)
    if (pair := _PAIR.fullmatch(text)) is not None:
        return f"{pair[1]}={MASK}" if is_secret_name(pair[1]) else text
    return masked_in_text(text)


def word_secrets(text: str) -> set[str]:
    """What masked_words masks."""
    if (fields := _json_of(text)) is not None:
        return field_secrets(fields)
    if (pair := _PAIR.fullmatch(text)) is not None:
        return {pair[2]} if is_secret_name(pair[1]) else set()
    return secrets_in_text(text)


def masked_in_text(text: str) -> str:
    """JSON or TOML, whole or in part, with the texts of secret fields masked."""
    return _IN_TEXT.sub(
        lambda found: (
            f"{found[0][: found.start(5) - found.start()]}{MASK}{found[6]}" if _is_secret(found) else found[0]
        ),
        text,
    )


def secrets_in_text(text: str) -> set[str]:
    """What masked_in_text masks."""
    return {found[5] for found in _IN_TEXT.finditer(text) if _is_secret(found)}


def _is_secret(found: re.Match[str]) -> bool:
    return found[5] not in ("", MASK) and is_secret_name(found[1] or found[2])


def _json_of(text: str) -> Any:
    """The JSON object or list in `text`; None if it is anything else."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
