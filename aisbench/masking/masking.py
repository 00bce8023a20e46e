"""Masks secrets wherever something is written or shown: values of headers, credentials in URLs, keys.

Options and command lines are masked by their structure. Free text (messages, a server's answers) is searched for
the secrets themselves, which `remember` collects as soon as they are known.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from aisbench.masking.fields import (
    CREDENTIALS,
    MASK,
    field_secrets,
    header_secret,
    masked_fields,
    masked_header_value,
    masked_words,
    secrets_in_text,
    word_secrets,
)

_HARMLESS_QUERY = frozenset(
    ["api-version", "api_version", "beta", "deployment", "format", "model", "region", "stream", "version"]
)
# Parts of option names that show which options are secret. Header flags may be followed by several values.
_HEADER_NAME = re.compile(r"(^|[-_])headers?$")
# Of these options, the values are names of headers, which nobody keeps secret.
_NAMES_OF_HEADERS = re.compile(r"(^|[-_])(session|parent|token|id)[-_]header$")
_URL_NAME = re.compile(r"(^|[-_])(url|uri|proxy|endpoint|upload)$")
_KEY_NAME = re.compile(r"(^|[-_])(key|token|secret|password)$")
_KEYS_OF_ENVIRONMENT = re.compile(r"(API_?KEY|ACCESS_KEY|TOKEN|SECRET|PASSWORD)$")
# A shorter secret may occur in a text as an ordinary word.
_LEAST_SECRET = 8
_SCHEME_IN_TEXT = re.compile(r"\b(Bearer|Basic)(\s+)(?=[^\s'\"]*\d)[^\s'\"]{8,}", re.IGNORECASE)

known: set[str] = set()
# Those that stand in request bodies, even short and plain ones.
in_bodies: set[str] = set()


def remember(secrets: Iterable[str]) -> None:
    """Makes `masked_text` mask `secrets` from now on."""
    known.update(secret.strip() for secret in secrets if _is_telling(secret.strip()))


def _is_telling(secret: str) -> bool:
    """False if `secret` is too short or too plain to be masked in free text."""
    if len(secret) >= _LEAST_SECRET:
        return True
    return len(secret) >= 4 and not re.fullmatch("[a-z]+|[0-9]+", secret)


def masked_text(text: str) -> str:
    """`text`, such as a message or a server's answer, with its secrets masked."""
    for secret in sorted(known, key=len, reverse=True):
        if secret in text:
            # A short secret may be part of an unrelated longer word.
            bound = "" if len(secret) >= _LEAST_SECRET else r"\b"
            text = re.sub(rf"{bound}{re.escape(secret)}{bound}", MASK, text)
    text = CREDENTIALS.sub(rf"\1{MASK}@", text)
    return _SCHEME_IN_TEXT.sub(rf"\1\2{MASK}", text)


# Headers


def _split_header(text: str) -> tuple[str, str, str] | None:
    """Name, mark and value of NAME:VALUE or NAME=VALUE."""
    found = re.match(r"([^:=]+)([:=]\s*)(.*)", text, re.DOTALL)
    return (found[1], found[2], found[3]) if found else None


def masked_header(text: str) -> str:
    """NAME:VALUE, or a JSON object of names and values, with secrets masked."""
    if (headers := _as_object(text)) is not None:
        return json.dumps({name: masked_header_value(name, str(value)) for name, value in headers.items()})
    parts = _split_header(text)
    return MASK if parts is None else f"{parts[0]}{parts[1]}{masked_header_value(parts[0], parts[2])}"


def _header_secrets(text: str) -> set[str]:
    headers = _as_object(text)
    if headers is None:
        parts = _split_header(text)
        headers = {parts[0]: parts[2]} if parts else {"": text}
    found = (header_secret(name, str(value).strip()) for name, value in headers.items())
    return {secret for secret in found if secret is not None}


def _as_object(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


# URLs


def _url_parts(url: str) -> tuple[str, str, str]:
    """What comes before the credentials, the credentials, and what comes after their @, even in a broken URL."""
    found = re.match(r"([a-zA-Z][\w+.-]*://|//)?", url)
    begin = found.end() if found else 0
    end = min((at for at in (url.find(mark, begin) for mark in "/?#") if at >= 0), default=len(url))
    at = url.rfind("@", begin, end)
    if at < 0 and re.search(r":(?!\d*$)", url[begin:end].rpartition("]")[2]):
        # Not a port, so it is a password with a character that should have been quoted.
        at = url.rfind("@", begin)
    return (url, "", "") if at < 0 else (url[:begin], url[begin:at], url[at + 1 :])


def masked_url(url: str) -> str:
    before, credentials, after = _url_parts(url)
    plain = f"{before}{MASK}@{after}" if credentials else url
    base, mark, query = plain.partition("?")
    return f"{base}{mark}{'&'.join(_masked_parameter(part) for part in query.split('&'))}"


def _masked_parameter(text: str) -> str:
    name, mark, value = text.partition("=")
    return f"{name}{mark}{MASK}" if value and name.lower() not in _HARMLESS_QUERY else text


def _url_secrets(url: str) -> set[str]:
    _, credentials, after = _url_parts(url)
    user, mark, password = credentials.partition(":")
    query = (after or url).partition("?")[2].partition("#")[0]
    found = {
        password if mark else user,
        *(part.partition("=")[2] for part in query.split("&") if _masked_parameter(part) != part),
    }
    return (found | {unquote(secret) for secret in found}) - {""}


# Options, command lines, the environment


def masked_option(name: str, value: Any) -> Any:
    """The value of an option, or a list of values, with secrets masked.

    Of options that are not secret, the fields in JSON and the NAME=VALUE pairs whose names are those of secrets.
    """
    if isinstance(value, list | tuple):
        return [masked_option(name, one) for one in value]
    mask = _mask_of(name)
    if isinstance(value, Mapping):
        if mask is not masked_header:
            return masked_fields(value)
        return {key: masked_header_value(key, str(one)) for key, one in value.items()}
    return (mask or masked_words)(value) if isinstance(value, str) else value


def _holds_headers(name: str) -> bool:
    return _HEADER_NAME.search(name) is not None and _NAMES_OF_HEADERS.search(name) is None


def _mask_of(name: str) -> Any:
    """The function that masks the option's value; None if the value is not secret."""
    if _holds_headers(name):
        return masked_header
    if _URL_NAME.search(name):
        return masked_url
    return (lambda _: MASK) if _KEY_NAME.search(name) else None


def _option_secrets(name: str, value: Any) -> set[str]:
    if isinstance(value, list | tuple):
        return {secret for one in value for secret in _option_secrets(name, one)}
    if isinstance(value, Mapping):
        return _header_secrets(json.dumps(dict(value))) if _holds_headers(name) else field_secrets(value)
    if not isinstance(value, str):
        return set()
    if _holds_headers(name):
        return _header_secrets(value)
    if _URL_NAME.search(name):
        return _url_secrets(value)
    return {value} if _KEY_NAME.search(name) else word_secrets(value)


def masked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: masked_option(name, value) for name, value in options.items()}


def remember_options(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        secrets = _option_secrets(name, value)
        remember(secrets)
        if isinstance(value, Mapping) and not _holds_headers(name):
            in_bodies.update(secrets)


def remember_template(headers: Mapping[str, str], body: str) -> None:
    """Remembers the secrets that a template file holds itself. `body`: JSON with placeholders."""
    secrets = secrets_in_text(body)
    in_bodies.update(secrets)
    remember({*secrets, *_header_secrets(json.dumps(dict(headers)))})


def _with_flags(args: Iterable[str]) -> list[tuple[str, str, str]]:
    """For each argument: the flag it belongs to, what precedes its value (`--flag=` or nothing), and the value."""
    found, flag = [], ""
    for arg in args:
        if arg.startswith("-") and not arg[1:2].isdigit():
            flag, mark, value = arg.partition("=")
            found.append((flag, flag + mark, value) if mark else ("", "", arg))
        else:
            found.append((flag, "", arg))
    return found


def masked_command(args: Iterable[str]) -> list[str]:
    """The arguments of a command line, with secrets masked."""
    return [
        masked_text(f"{begin}{masked_option(flag, value) if flag else value}")
        for flag, begin, value in _with_flags(args)
    ]


def remember_command(args: Iterable[str]) -> None:
    for flag, _, value in _with_flags(args):
        if flag:
            remember(_option_secrets(flag, value))


def remember_environment() -> None:
    remember(value for name, value in os.environ.items() if _KEYS_OF_ENVIRONMENT.search(name))


# Tracebacks


def show_masked(
    kind: type[BaseException], problem: BaseException | None, trace: TracebackType | None
) -> None:
    """A sys.excepthook that masks secrets."""
    import traceback

    sys.stderr.write(masked_text("".join(traceback.format_exception(kind, problem, trace))))
