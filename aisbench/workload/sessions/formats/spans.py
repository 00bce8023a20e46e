"""OpenTelemetry spans of GenAI clients: JSON with "spans" (a session), or OTLP's "resourceSpans".

The conventions are in development, so older names are read, too. A call continues an earlier one where its prompt
begins with that one's prompt and answer, quotes one whose answer it contains, and else waits for those that had ended.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, shortened
from aisbench.workload.files.dataset_files import json_objects
from aisbench.workload.files.trace_times import S, number_ns
from aisbench.workload.sessions.conversion.linking import Request, linked
from aisbench.workload.sessions.found import (
    Found,
    calls_of,
    check_content,
    entry_of,
    list_of,
    messages_of,
    recorded_length,
    text_in,
    tools_of,
)

_INPUT = ("gen_ai.input.messages", "gen_ai.prompt")
_OUTPUT = ("gen_ai.output.messages", "gen_ai.output.text", "gen_ai.completion")
_LENGTH = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
_MOST = ("gen_ai.request.max_tokens",)
_SESSION = "gen_ai.conversation.id"


def read_spans(path: Path, found: Found) -> None:
    """Adds a session for each object with spans, or for each trace or conversation of OTLP data.

    A folder's files are read one after another.
    """
    files = (
        sorted(one for one in path.iterdir() if one.suffix in (".json", ".jsonl"))
        if path.is_dir()
        else [path]
    )
    for one in files:
        for number, parse in json_objects(one):
            where: int | str = f"{one.name}:{number}" if path.is_dir() else number
            try:
                data = parse()
                groups = _groups(data, one.stem if number == 1 else f"{one.stem}-{number}")
                for name, spans in groups.items():
                    _add(name, spans, where, found)
            except BadLine as problem:
                found.bad.add(where, problem)
    found.is_timed = bool(found.sessions)
    found.sessions.sort(key=lambda session: min(turn.at_s or 0.0 for turn in session.turns))


def _add(name: str, spans: list[dict[str, Any]], where: int | str, found: Found) -> None:
    requests = []
    for span in spans:
        try:
            request = _request_of(span, found)
        except BadLine as problem:
            raise BadLine(f"span {shortened(span.get('span_id'))}: {problem}", problem.kind) from None
        if request is None:
            found.counts["spans that are no calls of a model with its messages, which are left out"] += 1
        else:
            requests.append(request)
    if not requests:
        raise BadLine("no span with gen_ai.input.messages; record the content of messages")
    found.add(linked(name, requests, by_time=True))


def _groups(data: dict[str, Any], name: str) -> dict[str, list[dict[str, Any]]]:
    if "spans" in data:
        return {name: [entry_of(one) for one in list_of(data, "spans")]}
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for span in _otlp_spans(data):
        groups[str(span["attributes"].get(_SESSION) or span.get("trace_id"))].append(span)
    if not groups:
        raise BadLine("neither spans nor resourceSpans with spans in them")
    return groups


def _otlp_spans(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The spans of OTLP's JSON, under the names of the other form."""
    for resource in data.get("resourceSpans") or ():
        for scope in entry_of(resource).get("scopeSpans") or ():
            for span in entry_of(scope).get("spans") or ():
                given = entry_of(span)
                attributes = {
                    str(one.get("key")): _otlp_value(one.get("value"))
                    for one in given.get("attributes") or ()
                }
                yield {
                    "span_id": given.get("spanId"),
                    "trace_id": given.get("traceId"),
                    "start_time": _ns(given.get("startTimeUnixNano")),
                    "end_time": _ns(given.get("endTimeUnixNano")),
                    "attributes": attributes,
                }


def _ns(value: Any) -> float | None:
    return None if value is None else number_ns(value, 1) / S


def _otlp_value(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        return value
    kind, inner = next(iter(value.items()))
    if kind == "arrayValue":
        return [_otlp_value(one) for one in inner.get("values") or ()]
    if kind == "kvlistValue":
        return {one.get("key"): _otlp_value(one.get("value")) for one in inner.get("values") or ()}
    return int(inner) if kind == "intValue" else inner


def _request_of(span: Mapping[str, Any], found: Found) -> Request | None:
    attributes = entry_of(span.get("attributes") or {})
    asked = next((attributes[name] for name in _INPUT if attributes.get(name)), None)
    if asked is None or attributes.get("gen_ai.operation.name", "chat") != "chat":
        return None
    said = next((attributes[name] for name in _OUTPUT if attributes.get(name)), None)
    messages = _messages(asked, "user")
    system = attributes.get("gen_ai.system_instructions")
    if system and messages[0].get("role") != "system":
        messages = [{"role": "system", "content": _text(_parsed(system))}, *messages]
    length = next(
        (recorded_length(attributes, name, found) for name in _LENGTH if attributes.get(name) is not None),
        None,
    )
    most = next((attributes[name] for name in _MOST if isinstance(attributes.get(name), int)), None)
    definitions = attributes.get("gen_ai.tool.definitions")
    return Request(
        messages_of(messages, "gen_ai.input.messages"),
        messages_of(_messages(said, "assistant"), "gen_ai.output.messages") if said else (),
        number_ns(span.get("start_time"), S) / S,
        None if span.get("end_time") is None else number_ns(span["end_time"], S) / S,
        tools=tools_of({"tools": definitions}),
        output_tokens=length or most,
        model=text_in(attributes, "gen_ai.request.model"),
    )


def _parsed(value: Any) -> Any:
    """A value, or what its JSON text holds; other text stays."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _messages(value: Any, role: str) -> list[dict[str, Any]]:
    """Messages under OpenAI's names, from a list of them, from messages with parts, or from a text."""
    value = _parsed(value)
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    found: list[dict[str, Any]] = []
    for one in value if isinstance(value, list) else [value]:
        message = entry_of(one)
        found += _of_parts(message, role) if "parts" in message else [{"role": role, **message}]
    if not found:
        raise BadLine("a list of no messages")
    return found


def _of_parts(message: Mapping[str, Any], role: str) -> list[dict[str, Any]]:
    """The messages that one with parts becomes: results of tools are messages of their own."""
    role = str(message.get("role") or role)
    texts, calls, results, reasoning = [], [], [], []
    for given in message["parts"]:
        part = entry_of(given)
        kind = part.get("type")
        if kind == "tool_call":
            calls.append(
                {"id": part.get("id"), "name": part.get("name"), "arguments": part.get("arguments", {})}
            )
        elif kind == "tool_call_response":
            result = part.get("response", part.get("result"))
            text = result if isinstance(result, str) else json.dumps(result)
            results.append({"role": "tool", "tool_call_id": str(part.get("id") or ""), "content": text})
        elif kind == "reasoning":
            reasoning.append(str(part.get("content") or ""))
        elif kind == "text":
            check_content(part.get("content"))
            texts.append(part.get("content") or "")
        else:
            raise BadLine(
                f"a part of the type {shortened(kind)} is not read", f"parts of the type {shortened(kind)}"
            )
    if results and not texts and not calls:
        return results
    said: dict[str, Any] = {"role": role, "content": "\n".join(texts) or None}
    if calls:
        said["tool_calls"] = calls_of(calls)
    if reasoning:
        said["reasoning_content"] = "\n".join(reasoning)
    return [*results, said]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else [value]
    return "\n".join(str(one.get("content", "")) for one in parts if isinstance(one, dict))
