"""The formats of session files by name, and which of them a file has."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLine, parsed_json
from aisbench.workload.files.dataset_files import (
    first_line,
    is_json_list,
    json_entries,
    numbered_lines,
    whole_json,
)
from aisbench.workload.files.file_kinds import refuse_other_kinds

if TYPE_CHECKING:
    from aisbench.workload.sessions.found import Found
    from aisbench.workload.sessions.session import Session


@dataclass(frozen=True)
class Format:
    """How a file is read. `about`: whose files these are. `read` adds to what was found.

    `history`: the usual --history of its kind. `takes_folder`: a folder of such files is read, too. `refuses`: a bad
    line refuses the file, whatever --strict-dataset says.
    """

    about: str
    read: Callable[[Path, Found], None]
    history: str = "live"
    takes_folder: bool = False
    refuses: bool = False


def _from(module: str, function: str) -> Callable[..., Any]:
    """The function of a module in this folder, which is imported when the function is called: a file has one format."""

    def call(*given: Any) -> Any:
        return getattr(importlib.import_module(f"aisbench.workload.sessions.formats.{module}"), function)(
            *given
        )

    return call


def _by_entries(
    dataset: str, session_of: Callable[[Any, int, Found], Session], *, once: bool
) -> Callable[[Path, Found], None]:
    """A reader for files with a session on each line, or in each entry of a list. `once`: names must differ."""

    def read(path: Path, found: Found) -> None:
        from aisbench.workload.sessions.formats.aiperf import check_once

        names: set[str] = set()
        for number, parse in _entries(path, dataset):
            try:
                session = session_of(parse(), number, found)
                if once:
                    check_once(session.name, names)
                found.add(session)
            except BadLine as problem:
                found.bad.add(number, problem)

    return read


def _entries(path: Path, dataset: str) -> Iterator[tuple[int, Callable[[], Any]]]:
    """The entries of a list, or JSON lines; also lines that are lists of messages (evalscope's `custom_multi_turn`)."""
    try:
        first = parsed_json(first_line(path))
    except BadLine:
        first = None
    if (
        isinstance(first, list)
        and first
        and isinstance(first[0], dict)
        and {"role", "from"} & first[0].keys()
    ):
        for number, line in numbered_lines(path):
            yield number, lambda line=line: parsed_json(line)  # type: ignore[misc]
    else:
        yield from json_entries(path, dataset)


# Keys of traces, which have lengths in place of messages.
_OF_TRACES = {"hash_ids", "input_length", "chat_id", "requests"}
NATIVE, CONVERSATIONS = "sessions", "conversations"
FORMATS = {
    NATIVE: Format(
        "aisbench's session files, with forks and joins",
        _by_entries(NATIVE, _from("native", "session_of"), once=True),
    ),
    CONVERSATIONS: Format(
        "ShareGPT, OpenAI messages, vLLM's multi-turn benchmark, turns with prompt and answer",
        _by_entries(CONVERSATIONS, _from("conversations", "session_of"), once=False),
    ),
    "multi_turn": Format("AIPerf's multi_turn and single_turn files", _from("aiperf", "read_turns")),
    "dag_jsonl": Format(
        "AIPerf's dag_jsonl files, with forks and spawns", _from("dag", "read_dag"), refuses=True
    ),
    "raw_payload": Format(
        "AIPerf's raw_payload: whole bodies, one per line",
        _from("aiperf", "read_payloads"),
        takes_folder=True,
    ),
    "inputs_json": Format("AIPerf's inputs.json: whole bodies of sessions", _from("aiperf", "read_inputs")),
    "mlcommons_agentic": Format(
        "mlcommons/endpoints' agentic rows, one message each",
        _from("message_rows", "read_rows"),
        history="recorded",
    ),
    "agentic_trace": Format(
        "SGLang's agentic-trace and evalscope's swe_smith files", _from("sglang", "read_agentic_trace")
    ),
    "otel_spans": Format(
        "OpenTelemetry spans of GenAI clients", _from("spans", "read_spans"), takes_folder=True
    ),
    "workload_trace": Format(
        "evalscope's workload_trace: recorded bodies with their times", _from("recorded_bodies", "read_log")
    ),
}


def format_of(path: Path) -> str:
    """The format of a file or folder, by the first keys in it; raises BadInput for an unknown one."""
    if path.is_dir():
        first = next((one for one in sorted(path.iterdir()) if one.suffix in (".json", ".jsonl")), None)
        if first is None:
            raise BadInput(f"--dataset-path {path} is a folder without .json or .jsonl files")
        found = format_of(first)
        return found if FORMATS[found].takes_folder else "raw_payload"
    return _by_keys(_first_of(path))


def _first_of(path: Path) -> Any:
    """The first entry of a file: of its list or lines, or the one object that it is; None: it is no JSON."""
    first = _first_line(path)
    if first is None and is_json_list(path):
        first = whole_json(path)
    if isinstance(first, list):
        return first[0] if first else None
    if first is not None:
        return first
    try:
        return parsed_json(path.read_bytes())
    except BadLine:
        return None


def _first_line(path: Path) -> Any:
    """The value in the first line that is not blank; None if that is no JSON."""
    try:
        return parsed_json(first_line(path).rstrip().removesuffix(b","))
    except BadLine:
        return None


def _by_keys(first: Any) -> str:
    """The format of an entry, by its keys; what is not recognised is read as a conversation, whose errors explain."""
    if not isinstance(first, dict):
        return CONVERSATIONS
    keys = first.keys()
    turns = first.get("turns")
    turn = turns[0] if isinstance(turns, list) and turns and isinstance(turns[0], dict) else {}
    talks = first.get("conversations")
    if "sha256" in keys and "slot" in keys:
        raise BadInput("this file was written by aisbench workload export; send it with --dataset file")
    if first.get("filetype") == "generate_conversations":
        raise BadInput(
            "this is a configuration of vLLM's generated conversations, not a file of conversations"
        )
    for name, is_it in (
        ("otel_spans", "spans" in keys or "resourceSpans" in keys),
        ("inputs_json", isinstance(first.get("data"), list)),
        ("agentic_trace", isinstance(talks, list) and bool(talks) and isinstance(talks[0], list)),
        ("mlcommons_agentic", "conversation_id" in keys and "role" in keys),
        ("workload_trace", "body" in keys),
        (NATIVE, "session" in keys and "turns" in keys),
        ("dag_jsonl", "session_id" in keys and ("messages" in turn or "spawns" in keys)),
        ("multi_turn", "session_id" in keys and ("turns" in keys or "text" in keys or "texts" in keys)),
        (
            "multi_turn",
            not {"prompt", "messages", "from", "role"} & turn.keys()
            and bool({"text", "texts"} & turn.keys()),
        ),
        ("raw_payload", "messages" in keys and "model" in keys),
    ):
        if is_it:
            return name
    return CONVERSATIONS


def format_named(name: str) -> str:
    """Checks the name of a format; raises BadInput with the known ones."""
    if name not in FORMATS:
        near = difflib.get_close_matches(name, FORMATS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise BadInput(f"--format {name!r} is unknown; {hint}known: {', '.join(FORMATS)}")
    return name


def data_set_of(path: Path) -> str:
    """The data set that reads a file: `file`, `trace`, or a format of sessions. Raises BadInput for an unknown one."""
    if not path.exists():
        raise BadInput(f"{path}: there is no such file or folder")
    if path.is_dir():
        first = next((one for one in sorted(path.iterdir()) if one.suffix in (".json", ".jsonl")), None)
        row = None if first is None else _first_of(first)
        return "trace" if isinstance(row, dict) and _OF_TRACES & row.keys() else format_of(path)
    if path.is_file():
        refuse_other_kinds(path, "FILE")
        first = _first_of(path)
        keys = first.keys() if isinstance(first, dict) else set()
        if {"slot", "body"} <= keys:
            return "file"
        if first is None or _OF_TRACES & keys:
            return "trace"
    return format_of(path)
