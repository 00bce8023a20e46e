"""Reads a template file: an API's path, headers and body, and where its answers have what."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisbench._native.protocol.decode import Decoder
from aisbench.backends import event_rules
from aisbench.backends.backend import Backend
from aisbench.backends.event_rules import Rules
from aisbench.backends.openai_chat import as_messages
from aisbench.backends.template.body import BodyTemplate
from aisbench.errors import BadInput
from aisbench.masking.masking import remember_template

# The keys that say where something is, and what the decoder takes it for.
_PLACES = {
    "text": event_rules.CONTENT,
    "reasoning": event_rules.REASONING,
    "tool_calls": event_rules.TOOL,
    "finish": event_rules.FINISH,
    "prompt_tokens": event_rules.PROMPT_TOKENS,
    "output_tokens": event_rules.OUTPUT_TOKENS,
    "cached_tokens": event_rules.CACHED_TOKENS,
    "error": event_rules.ERROR,
}
_KEYS = ("path", "whole_path", "method", "headers", "body", "stream", "whole")
_OF_STREAM = (*_PLACES, "format", "end", "cumulative")
_FORMATS = ("sse", "lines")
# Stands for the API key in the value of a header, at its end.
_KEY = "{key}"
DONE = "[DONE]"


def template_backend(file: str) -> Backend:
    """The backend that a file describes. Raises BadInput, naming the file and the key, for what cannot be used."""
    try:
        given = tomllib.loads(Path(file).expanduser().read_text())
    except OSError as problem:
        raise BadInput(f"--template {file} cannot be read: {problem.strerror}") from None
    except RecursionError:
        raise BadInput(f"--template {file} is nested too deeply; give plain tables") from None
    except ValueError as problem:
        raise BadInput(f"--template {file} is not TOML: {problem}") from None
    try:
        return _backend(file, given)
    except _Unusable as problem:
        raise BadInput(f"--template {file}: {problem}") from None


class _Unusable(Exception):
    """What is wrong, and what would work."""


def _backend(file: str, given: Mapping[str, Any]) -> Backend:
    _check_keys("", given, _KEYS)
    if given.get("method", "POST") != "POST":
        raise _Unusable(f"method must be POST, the only one that is sent, got {given['method']!r}")
    for name in ("path", "body"):
        if name not in given:
            raise _Unusable(f"{name} is missing")
    for name in ("path", "whole_path"):
        if name in given and not _text(given, name).startswith("/"):
            raise _Unusable(f"{name} must begin with a slash, got {given[name]!r}")
    stream, whole = _table(given, "stream"), _table(given, "whole")
    if stream is None and whole is None:
        raise _Unusable("neither [stream] nor [whole] says where answers have their text")
    rules = None if stream is None else _rules("stream", stream, _OF_STREAM)
    plain_rules = () if whole is None else _rules("whole", whole, tuple(_PLACES))
    counts = [table for table in (stream, whole) if table is not None]
    places = ", ".join(
        dict.fromkeys(str(table["output_tokens"]) for table in counts if "output_tokens" in table)
    )
    body = BodyTemplate(file, _text(given, "body"))
    headers, key_header = _headers(given)
    remember_template(headers, given["body"])
    shape = stream or {}
    return Backend(
        family="template",
        path=given["path"],
        plain_path=given.get("whole_path"),
        fields=body.fields,
        rules=rules,
        plain_rules=plain_rules,
        output_tokens_from=f"{places} of the server" if places else "the tokenizer, else events with text",
        counts_output=all("output_tokens" in table for table in counts),
        must_finish="finish" in shape or "end" in shape,
        takes_token_ids=body.uses("token_ids"),
        takes_messages=body.uses("messages"),
        as_messages=as_messages if body.uses("messages") else None,
        own_fields=body.own_fields,
        headers=headers,
        key_header=key_header,
        lines=_format(shape) == "lines",
        end=_end(shape),
    )


def _check_keys(where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise _Unusable(f"{where}{name} is not known; known: {', '.join(known)}")


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or not value:
        raise _Unusable(f"{name} must be a text, got {value!r}")
    return value


def _table(given: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = given.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise _Unusable(f"{name} must be a table, [{name}], got {value!r}")
    return value


def _rules(where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> Rules:
    _check_keys(f"{where}.", table, known)
    if "text" not in table:
        raise _Unusable(f"{where}.text is missing: the path of the generated text")
    found: dict[str, str] = {}
    # The decoder tries the last rule under a parent first, and nearly every event has a text.
    for name in reversed(_PLACES):
        value = table.get(name, [])
        for given in value if isinstance(value, list) else [value]:
            path = _path(f"{where}.{name}", given)
            if path in found:
                raise _Unusable(f"{where}.{name} is the path {path!r}, which {where} has a second time")
            found[path] = _PLACES[name]
            if name == "text" and table.get("cumulative") is True:
                found[path] = event_rules.CUMULATIVE
    if not isinstance(table.get("cumulative", False), bool):
        raise _Unusable(f"{where}.cumulative must be true or false, got {table['cumulative']!r}")
    rules = tuple(found.items())
    try:
        Decoder(rules)
    except ValueError as problem:
        raise _Unusable(f"{where}: {problem}") from None
    return rules


def _path(name: str, path: Any) -> str:
    """Refuses what the scanner cannot follow: it walks along keys, and into all elements of arrays."""
    if not isinstance(path, str) or not path:
        raise _Unusable(f"{name} must be a path such as message.content, or a list of paths, got {path!r}")
    for step in path.split("."):
        key = step.removesuffix("[]")
        if not key or set(key) & set("[]*?@$\"' "):
            raise _Unusable(
                f"{name}: the path {path!r} has the step {step!r}; steps are keys joined by dots, with [] after the key "
                "of an array for all its elements, as in choices[].text"
            )
    return path


def _format(table: Mapping[str, Any]) -> str:
    value: str = table.get("format", _FORMATS[0])
    if value not in _FORMATS:
        raise _Unusable(
            f"stream.format must be sse (server-sent events) or lines (a JSON object on each line), got {value!r}"
        )
    return value


def _end(table: Mapping[str, Any]) -> str:
    if "end" not in table:
        return DONE
    end = _text(table, "end")
    try:
        json.loads(end)
    except ValueError:
        return end.strip()
    raise _Unusable(
        f"stream.end is JSON ({end}), which cannot mark the end; give the path of a text in it as stream.finish"
    )


def _headers(given: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, str]]:
    """The headers of all requests, and the name of the one with the key, with what stands before it there."""
    table = _table(given, "headers") or {}
    key_header = ("Authorization", "Bearer ")
    found = {}
    for name, value in table.items():
        if not isinstance(value, str):
            raise _Unusable(f"headers.{name} must be a text, got {value!r}")
        before, has_key, after = value.partition(_KEY)
        if after:
            raise _Unusable(f"headers.{name}: nothing can follow {_KEY}, got {value!r}")
        if has_key:
            key_header = (name, before)
        else:
            found[name] = value
    return found, key_header
