"""The `file` data set: replays what `aisbench workload export` wrote, byte for byte.

The file has JSON lines, one for each slot (ticket), in order:

    {"slot": 0, "planned_s": 0.01, "body": {...}, "prompt_tokens": 9, "max_tokens": 4, "sha256": "..."}

`body` is the request body as an object. Its bytes are what json.dumps makes of it with its defaults, as for all
bodies. `sha256` is the hash of these bytes; a line with another hash was edited, and counts as bad. `planned_s` and
the lengths may be null. Turns of a conversation also have `conversation`, a number that they share, and `think_s`.
In their bodies, prompt.ANSWER stands for answers that are not known before the run, and prompt.SESSION and prompt.RUN for
names that --session-field and --run-field asked for. Where sessions fork or join, turns
also have `after` and `fills`, where turns have their own times, `not_before_s`, and where they have sub-agents, `agent`
and `started_by`; see prompts.Conversations.

--model, --temperature, --extra-body and --omit-field override the bodies; nothing else changes them.
"""

from __future__ import annotations

import hashlib
import json
import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import BACKENDS
from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import NOT_UTF8, BadLine, BadLines, shortened, whole_number
from aisbench.workload.files.dataset_files import dataset_file, first_line, numbered_lines
from aisbench.workload.files.file_kinds import refuse_json_array
from aisbench.workload.messages import as_text
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.sessions.exported import ExportedTurns
from aisbench.workload.vllm_dataset_options import LONGEST_S

S = 1e9
_NAMED_MOST = 3
# Fields of the usual APIs for the prompt, and for the maximum length of the answer.
_ASK_NAMES = ("messages", "prompt", "input", "inputs", "text_input", "text", "query")
LENGTH_NAMES = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def file_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Reads the file twice, once to check it and once for the bodies, as it may be larger than the memory.

    Raises one BadInput for all bad lines.
    """
    path = dataset_file(options, "JSON lines of aisbench workload export")
    checked = _check_file(path, options.count)
    check_api(path, _first_body(path), backend)
    _check_stream(path, options)
    changes = _changes_of(options)
    notes = [f"bodies are those of {path}, byte for byte"]
    if changes or options.omit_field:
        fields = [*changes, *(f"no {name}" for name in options.omit_field)]
        notes = [f"bodies are those of {path}, with {', '.join(fields)} as set by this run's options"]
    elif checked.models - {options.model}:
        named = ", ".join(sorted(checked.models)[:_NAMED_MOST])
        notes.append(
            f"the bodies ask for model {named}; give --model {options.model} to ask for that instead"
        )
    arrivals_ns = checked.arrivals_ns()
    if arrivals_ns is None and options.own_times and not np.isnan(checked.planned_s).all():
        notes.append("planned times are not used: some lines have none, or they are not in ascending order")
    if options.count is not None and checked.count < options.count:
        notes.append(f"the file has {checked.count} requests, fewer than the {options.count} requested")
    return Prompts(
        _replayed(path, checked.count, backend, changes, options.omit_field),
        checked.count,
        notes,
        arrivals_ns=arrivals_ns,
        conversations=checked.turns.conversations(),
    )


def _changes_of(options: WorkloadOptions) -> dict[str, Any]:
    """The fields that the command line sets in the bodies."""
    changes: dict[str, Any] = {"model": options.model} if options.model_is_named else {}
    if options.temperature is not None:
        changes["temperature"] = options.temperature
    return {**changes, **(options.extra_body or {})}


def check_api(path: Path, body: dict[str, Any], backend: Backend) -> None:
    """Raises BadInput if the first body of a file was made for another API, as the server would refuse all of them."""
    known = _backends_for(body)
    if known and not set(_ASK_NAMES) & body.keys() & backend.field_names():
        theirs = next(name for name in _ASK_NAMES if name in body)
        raise BadInput(
            f"--dataset-path {path}: its bodies have their prompts in {theirs!r}, which {backend.family} does not "
            f"use; give the backend that they were made for, such as --backend {known[0]}"
        )


def _check_stream(path: Path, options: WorkloadOptions) -> None:
    """Raises BadInput if the first body asks for a streamed answer and the run reads whole ones, or the reverse."""
    asks = _first_body(path).get("stream")
    if isinstance(asks, bool) and asks is not options.stream:
        flag, whole = ("--no-stream", "streamed") if asks else ("--stream", "whole")
        raise BadInput(
            f"--dataset-path {path}: its bodies ask for {whole} answers, which {flag} does not read; "
            f"{'leave it out' if asks else 'give --no-stream'}"
        )


def _first_body(path: Path) -> dict[str, Any]:
    body: dict[str, Any] = _parsed(first_line(path))["body"]
    return body


def _backends_for(body: dict[str, Any]) -> list[str]:
    """The backends that have a prompt field of this body; empty if it has no known one."""
    theirs = {name for name in _ASK_NAMES if name in body}
    return [name for name, backend in BACKENDS.items() if theirs & backend.field_names()]


def exported_for(path: Path) -> tuple[Backend, bool]:
    """A backend that a file may have been exported for, and whether its answers are streamed, by the first line."""
    try:
        body = _checked_line(next(line for _, line in numbered_lines(path)))["body"]
    except (BadLine, OSError, StopIteration):
        body = {}
    known = _backends_for(body)
    return BACKENDS[known[0] if known else "openai"], body.get("stream") is not False


class _Checked:
    """The planned times and sessions of all lines, and the first models named in them."""

    def __init__(self) -> None:
        self.count = 0
        self.models: set[str] = set()
        self.planned_s = array("d")
        self.turns = ExportedTurns()

    def add(self, line: dict[str, Any]) -> None:
        self.turns.add(line)
        self.count += 1
        planned = line.get("planned_s")
        self.planned_s.append(math.nan if planned is None else planned)
        if isinstance(line["body"].get("model"), str) and len(self.models) < _NAMED_MOST:
            self.models.add(line["body"]["model"])

    def arrivals_ns(self) -> NDArray[np.int64] | None:
        """The planned times in ns; None if a line has none or they are not ascending: the run's plan then applies."""
        planned = np.array(self.planned_s)
        if np.isnan(planned).any() or (np.diff(planned) < 0).any():
            return None
        return np.rint(planned * S).astype(np.int64)


def _check_file(path: Path, most: int | None) -> _Checked:
    bad = BadLines(path)
    checked = _Checked()
    refuse_json_array(path, "file")
    for number, line in numbered_lines(path):
        if checked.count == most:
            break
        try:
            checked.add(_checked_line(line))
        except BadLine as problem:
            bad.add(number, problem)
    bad.used = checked.count
    bad.check()
    checked.turns.check(path)
    return checked


def _checked_line(line: bytes) -> dict[str, Any]:
    """Parses a line; raises BadLine if it was not exported, or was changed."""
    row = _parsed(line)
    if "body" not in row:
        raise BadLine("no body, which every line of aisbench workload export has")
    if not isinstance(row["body"], dict):
        raise BadLine(f"body is {shortened(row.get('body'))}, not an object")
    for name, least in (("prompt_tokens", 0), ("max_tokens", 1)):
        if row.get(name) is not None:
            whole_number(row[name], name, least)
    for name in ("planned_s", "think_s", "not_before_s"):
        value = row.get(name)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (number and 0 <= value <= LONGEST_S):
            raise BadLine(f"{name} is {shortened(value)}, not a number of seconds from 0 to {LONGEST_S:.0f}")
    wanted = row.get("sha256")
    if wanted is not None and hashlib.sha256(_body_bytes(row)).hexdigest() != wanted:
        raise BadLine("the body does not match its sha256: it was changed, or not written by json.dumps")
    return row


def _parsed(line: bytes) -> dict[str, Any]:
    # Not orjson: it would round whole numbers beyond 64 bits and refuse halves of surrogate pairs.
    try:
        row = json.loads(line)
    except UnicodeDecodeError:
        raise BadLine(NOT_UTF8) from None
    except (ValueError, RecursionError) as problem:
        raise BadLine(f"broken JSON ({problem})", "broken JSON") from None
    if not isinstance(row, dict):
        raise BadLine(f"{type(row).__name__} instead of a JSON object")
    return row


def _body_bytes(row: dict[str, Any]) -> bytes:
    return json.dumps(row["body"]).encode()


def _replayed(
    path: Path, count: int, backend: Backend, changes: dict[str, Any], omitted: tuple[str, ...]
) -> Iterator[Prompt]:
    out = {*omitted, *(name for name, value in changes.items() if value is None)}
    longest = next((changes[name] for name in LENGTH_NAMES if isinstance(changes.get(name), int)), None)
    for (_, line), _ in zip(numbered_lines(path), range(count), strict=False):
        row = _parsed(line)
        text, ids = asked(row["body"])
        if changes or out:
            # Bodies without a model, such as TGI's, do not get one.
            given = {name: value for name, value in changes.items() if name != "model" or name in row["body"]}
            merged = backend.merged(row["body"], given)
            row["body"] = {name: value for name, value in merged.items() if name not in out}
        output = row.get("max_tokens") if longest is None else longest
        yield Prompt(text, row.get("prompt_tokens") or 0, output, ids, body=_body_bytes(row))


def asked(body: dict[str, Any]) -> tuple[str, tuple[int, ...] | None]:
    """The prompt of a body, as text or token ids, by the names of the usual APIs; empty where none is known.

    The body is what is sent; its prompt only shows what a prefix cache would see.
    """
    if isinstance(body.get("messages"), list):
        return as_text([message for message in body["messages"] if isinstance(message, dict)]), None
    for name in _ASK_NAMES[1:]:
        value = body.get(name)
        if isinstance(value, str):
            return value, None
        if isinstance(value, list) and value and all(type(one) is int for one in value):
            return "", tuple(value)
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return "\n".join(["", *value]), None
    return "", None
