"""AIPerf's `single_turn`, `multi_turn`, `raw_payload` and `inputs_json` files.

    {"session_id": "a", "turns": [{"text": "hi", "output_length": 16}, {"text": "and?", "delay": 500}]}
    {"session_id": "a", "text": "hi", "timestamp": 0}           single_turn: requests in order, without a history
    {"model": "m", "messages": [...], "max_tokens": 64}         raw_payload: a body, sent as it is
    {"data": [{"session_id": "a", "payloads": [{...}, ...]}]}   inputs_json: bodies of a session

Times and delays are in ms. In a folder of raw_payload files, each file is a session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, check_text, shortened
from aisbench.workload.files.dataset_files import json_lines, whole_json
from aisbench.workload.files.media import image_part, sound_part
from aisbench.workload.files.trace_times import MS
from aisbench.workload.sessions.found import (
    Found,
    entry_of,
    extra_of,
    length_of,
    list_of,
    name_of,
    seconds_of,
    time_of,
    tools_of,
)
from aisbench.workload.sessions.session import Session, Turn, chain, ordered
from aisbench.workload.sessions.verbatim import length_in

_MEDIA = ("image", "images", "audio", "audios")
_OF_TURN = (
    *("text", "texts", "timestamp", "delay", "role", "output_length", "extra", "model", "tools"),
    *_MEDIA,
)
_MS = 1e-3


def read_turns(path: Path, found: Found) -> None:
    """Reads multi_turn and single_turn rows, which may be mixed."""
    single: dict[str, list[Turn]] = {}
    names: set[str] = set()
    for number, parse in json_lines(path, "multi_turn"):
        try:
            row = parse()
            if "turns" in row:
                session = _multi_turn(row, number, path.parent, found)
                check_once(session.name, names)
                found.add(session)
                continue
            found.note_unused(row, ("session_id", *_OF_TURN))
            name = name_of(row, "session_id") if row.get("session_id") is not None else f"line {number}"
            single.setdefault(name, []).append(_turn_of(row, path.parent, found))
        except BadLine as problem:
            found.bad.add(number, problem)
    for name, turns in single.items():
        after = [Turn(**{**vars(one), "after": (i - 1,) if i else ()}) for i, one in enumerate(turns)]
        found.add(ordered(name, after))
        found.bad.used += len(turns) - 1


def check_once(name: str, names: set[str]) -> None:
    """Raises BadLine for a name that another session of the file has."""
    if name in names:
        raise BadLine(f"a second session is called {shortened(name)}", "a second session of the same name")
    names.add(name)


def _multi_turn(row: dict[str, Any], number: int, beside: Path, found: Found) -> Session:
    found.note_unused(row, ("session_id", "turns"))
    name = name_of(row, "session_id") if row.get("session_id") is not None else str(number)
    turns = []
    for one in list_of(row, "turns"):
        found.note_unused(entry_of(one), _OF_TURN, "turns.")
        turns.append(_turn_of(one, beside, found))
    return chain(name, turns)


def _turn_of(row: Mapping[str, Any], beside: Path, found: Found) -> Turn:
    texts = _texts_of(row)
    parts = [image_part(one, beside) for one in _several(row, "image")]
    parts += [sound_part(one, beside)[0] for one in _several(row, "audio")]
    if not texts and not parts:
        raise BadLine("neither text nor texts")
    role = row.get("role") or "user"
    if role not in ("user", "system", "assistant"):
        raise BadLine(f"the role {shortened(role)} is unknown; known: user, system, assistant")
    as_parts = [*({"type": "text", "text": text} for text in texts), *parts]
    content = texts[0] if len(texts) == 1 and not parts else as_parts
    at_s = time_of(row, "timestamp", MS)
    found.is_timed |= at_s is not None
    return Turn(
        ({"role": role, "content": content},),
        extra=extra_of(row),
        tools=tools_of(row),
        output_tokens=length_of(row, "output_length"),
        think_s=seconds_of(row, "delay", _MS),
        at_s=at_s,
        model=row.get("model"),
    )


def _texts_of(row: Mapping[str, Any]) -> list[str]:
    """The texts of a turn; AIPerf also has {"name": ..., "contents": [...]} in their place."""
    found = []
    for one in _several(row, "text"):
        for text in one.get("contents", ()) if isinstance(one, dict) else (one,):
            if not isinstance(text, str) or not text:
                raise BadLine(
                    f"text is {shortened(text)}, not a text with something in it", "text is not a text"
                )
            check_text(text)
            found.append(text)
    return found


def _several(row: Mapping[str, Any], name: str) -> Sequence[Any]:
    """The values of a field and of its plural."""
    many = row.get(f"{name}s")
    if many is not None and not isinstance(many, list):
        raise BadLine(f"{name}s is {shortened(many)}, not a list", f"{name}s is not a list")
    return [*(() if row.get(name) is None else (row[name],)), *(many or ())]


def read_payloads(path: Path, found: Found) -> None:
    """Reads raw_payload: each line of a file is a session of one request; each file of a folder is a session."""
    if not path.is_dir():
        for number, parse in json_lines(path, "raw_payload"):
            try:
                found.add(bodies_session(str(number), [parse()]))
            except BadLine as problem:
                found.bad.add(number, problem)
        return
    for one in sorted(path.iterdir()):
        if not one.is_file() or one.suffix not in (".json", ".jsonl"):
            found.unused[one.name] += 1
            continue
        try:
            found.add(bodies_session(one.stem, [parse() for _, parse in json_lines(one, "raw_payload")]))
        except BadLine as problem:
            found.bad.add(one.name, problem)


def bodies_session(name: str, bodies: Sequence[Any]) -> Session:
    """Bodies that follow one another, each with its whole history."""
    if not bodies:
        raise BadLine("no body")
    turns = [
        Turn(body=entry_of(body), after=(i - 1,) if i else (), output_tokens=length_in(body))
        for i, body in enumerate(bodies)
    ]
    for turn in turns:
        if not {"messages", "prompt", "input", "text_input", "inputs", "text"} & (turn.body or {}).keys():
            raise BadLine("a body without messages, prompt or input")
    return ordered(name, turns)


def read_inputs(path: Path, found: Found) -> None:
    """Reads inputs_json, which is one object."""
    data = entry_of(whole_json(path))
    found.note_unused(data, ("data",))
    names: set[str] = set()
    for number, row in enumerate(list_of(data, "data"), 1):
        try:
            found.note_unused(entry_of(row), ("session_id", "payloads"), "data.")
            name = name_of(row, "session_id")
            session = bodies_session(name, list_of(row, "payloads"))
            check_once(name, names)
            found.add(session)
        except BadLine as problem:
            found.bad.add(number, problem)
