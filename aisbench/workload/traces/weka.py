"""Agentic coding traces of WEKA's kv-cache-tester: one JSON object a session, in files of a folder or JSON lines.

A session has id, block_size, hash_id_scope and requests, in s from its start: t; type n, s or subagent; in and out
(tokens); hash_ids; api_time (how long the answer took); think_time (the client's pause before the request). Every
request is a whole prompt. A subagent has requests of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.cache_hits import BlockIds
from aisbench.workload.files.bad_lines import BadLine, json_object, parsed_json, shortened, whole_number
from aisbench.workload.files.dataset_files import is_json_list, json_entries, numbered_lines
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces.json_rows import blocks_in, object_in
from aisbench.workload.traces.rows import Rows
from aisbench.workload.traces.trace import Recorded, TraceSession
from aisbench.workload.traces.weka_order import Agent, Call, Order, in_order
from aisbench.workload.vllm_dataset_options import LONGEST_S

BLOCK = 64
# Fields that say that a file is of this format.
NAMES = ("requests",)
_SCOPES = ("local", "global")
_SENT = ("n", "s")
_STATUSES = ("completed", "async_launched")
# Times are written in milliseconds or better.
_SLACK_S = 0.01
# A larger file is certainly not one session.
_MOST_BYTES = 1 << 28


@dataclass(frozen=True)
class Found:
    sessions: list[TraceSession]
    block: int
    notes: list[str]


@dataclass
class _Raw:
    """A session as it is recorded: `calls` and sub-agents in the order of their times."""

    name: str
    scope: str
    block: int
    entries: list[Call | Agent] = field(default_factory=list)


def is_weka(path: Path) -> bool:
    """Whether a file or folder holds sessions: one in a file, however it is laid out, or one in each line or entry."""
    if path.is_dir():
        return True
    try:
        _, parse = next(_sessions_in(path, "trace"))
        row = parse()
    except (BadLine, OSError, StopIteration):
        return False
    return isinstance(row, dict) and isinstance(row.get("requests"), list)


def read_weka(rows: Rows, options: WorkloadOptions) -> Found:
    """Reads sessions until there are enough for --num-requests. Raises BadInput for a folder without any."""
    raws: list[_Raw] = []
    models: Counter[str] = Counter()
    count = 0
    # Other options may leave some of the requests out.
    most = options.count if options.turns is None and options.max_context is None else None
    for number, parse in _sessions_in(rows.path, options.dataset):

        def add(parse: Callable[[], Any] = parse) -> None:
            raws.append(_raw(object_in(parse()), rows, models, options))

        before = len(raws)
        rows.read(number, add)
        count += sum(_size(entry) for raw in raws[before:] for entry in raw.entries)
        if most is not None and count >= most:
            break
    blocks = Counter(raw.block for raw in raws)
    if len(blocks) > 1:
        raise BadInput(
            f"{rows.path}: sessions with blocks of {' and '.join(map(str, sorted(blocks)))} tokens; keep them apart"
        )
    relative = _are_relative(raws)
    sessions, orders = [], []
    names: Counter[str] = Counter()
    for raw in raws:
        names[raw.name] += 1
        # Sessions of one name are different ones all the same.
        scope = f"{raw.name}#{names[raw.name]}" if names[raw.name] > 1 else raw.name
        orders.append(in_order(raw.entries, relative=relative))
        sessions.append(TraceSession(orders[-1].requests, scope if raw.scope == "local" else ""))
    return Found(sessions, next(iter(blocks), BLOCK), [*_notes(raws, models, relative, orders, names)])


def _notes(
    raws: list[_Raw], models: Counter[str], relative: bool, orders: list[Order], names: Counter[str]
) -> Iterator[str]:
    agents = [entry for raw in raws for entry in raw.entries if isinstance(entry, Agent)]
    if agents:
        said = "the start of their agent" if relative else "the start of the session"
        yield (
            f"{len(agents)} sub-agents run beside the agent that starts them, which waits for those that had ended "
            f"before it went on; their times are read as counted from {said}"
        )
    waited, open_ended = sum(one.late for one in orders), sum(one.open_ended for one in orders)
    if open_ended:
        yield (
            f"{open_ended} pauses hold the time of the answer, too, as the trace does not say when it ended (no api_time)"
        )
    if waited:
        yield (
            f"{waited} requests were sent before the request ahead of them was answered; here they wait for its answer"
        )
    if len(models) > 1:
        named = ", ".join(f"{name} ({count})" for name, count in models.most_common(5))
        yield f"the trace asked several models, all of whose requests go to the run's: {named}"
    twice = sum(count > 1 for count in names.values())
    if twice:
        yield f"{twice} ids of sessions occur more than once; they are read as different sessions"


def _size(entry: Call | Agent) -> int:
    return len(entry.calls) if isinstance(entry, Agent) else 1


def _are_relative(raws: list[_Raw]) -> bool:
    """Whether the times of all sub-agents count from the start of their agent, as in kv-cache-tester's own files.

    Some corpora have times from the start of the session. There is nothing in a file that says so, but then no
    sub-agent begins before its own entry.
    """
    agents = [entry for raw in raws for entry in raw.entries if isinstance(entry, Agent) and entry.calls]
    late = [agent.calls[0].t_s >= agent.t_s - _SLACK_S for agent in agents if agent.t_s > _SLACK_S]
    return not (late and all(late))


def _sessions_in(path: Path, dataset: str) -> Iterator[tuple[int | str, Callable[[], Any]]]:
    """The line, or else the file, of each session, and a function that parses it."""
    if not path.is_dir():
        if is_json_list(path) or _first_line_is_whole(path) or path.stat().st_size > _MOST_BYTES:
            yield from json_entries(path, dataset)
        else:
            yield 1, lambda: parsed_json(path.read_bytes())
        return
    files = sorted(one for one in path.iterdir() if one.suffix in (".json", ".jsonl") and one.is_file())
    if not files:
        raise BadInput(f"--dataset-path {path} holds no .json or .jsonl file of a session")
    for one in files:
        for number, parse in _sessions_in(one, dataset):
            yield (one.name if one.suffix == ".json" else f"{one.name}:{number}"), parse


def _first_line_is_whole(path: Path) -> bool:
    try:
        json_object(next(line for _, line in numbered_lines(path)))
    except (BadLine, StopIteration):
        return False
    return True


def _raw(session: Mapping[str, Any], rows: Rows, models: Counter[str], options: WorkloadOptions) -> _Raw:
    entries = session.get("requests")
    if not isinstance(entries, list) or not entries:
        raise BadLine("requests is not a list with something in it")
    scope = session.get("hash_id_scope", _SCOPES[0])
    if scope not in _SCOPES:
        raise BadLine(
            f"hash_id_scope is {shortened(scope)}; known: local, global", "an unknown hash_id_scope"
        )
    block = whole_number(session.get("block_size", BLOCK), "block_size", 1)
    raw = _Raw(str(session.get("id")), scope, block)
    # The counts of a session that turns out to be unusable are not kept.
    asked: Counter[str] = Counter()
    size = options.block_size or block

    def call(entry: Mapping[str, Any]) -> Call:
        asked[str(entry.get("model"))] += 1
        request = rows.checked(
            Recorded(
                None,
                whole_number(entry.get("in"), "in", 0),
                options.output_len
                if entry.get("out") is None and options.output_len is not None
                else whole_number(entry.get("out"), "out", 0),
                _whole_blocks(blocks_in(entry.get("hash_ids")), entry.get("in"), size),
            ),
            may_be_empty=True,
        )
        think = _seconds(entry, "think_time")
        return Call(request, _seconds(entry, "t") or 0.0, _seconds(entry, "api_time"), think)

    for given in entries:
        entry = object_in(given)
        kind = entry.get("type")
        if kind in _SENT:
            raw.entries.append(call(entry))
        elif kind == "subagent":
            raw.entries.append(_agent(entry, call))
        else:
            raise BadLine(f"type is {shortened(kind)}; known: n, s, subagent", "an unknown type of request")
    raw.entries.sort(key=lambda entry: entry.t_s)
    models.update(asked)
    return raw


def _agent(entry: Mapping[str, Any], call: Callable[[Mapping[str, Any]], Call]) -> Agent:
    inner = entry.get("requests")
    if not isinstance(inner, list):
        raise BadLine("requests of a subagent is not a list")
    calls = []
    for given in inner:
        one = object_in(given)
        if one.get("type") not in _SENT:
            raise BadLine(
                f"type of a subagent's request is {shortened(one.get('type'))}; known: n, s",
                "an unknown type of request in a subagent",
            )
        calls.append(call(one))
    calls.sort(key=lambda one: one.t_s)
    status = entry.get("status", _STATUSES[0])
    duration = entry.get("duration_ms")
    length_s = None if duration is None else _seconds({"duration_ms": duration}, "duration_ms")
    return Agent(
        _seconds(entry, "t") or 0.0,
        tuple(calls),
        None if length_s is None else length_s / 1000,
        in_background=status == _STATUSES[1],
    )


def _whole_blocks(blocks: BlockIds, tokens: Any, block: int) -> BlockIds:
    """The ids of whole blocks. Some corpora have an id for a last block that is not full, others have none."""
    whole = int(tokens) // block
    return blocks[:whole] if len(blocks) == whole + 1 else blocks


def _seconds(entry: Mapping[str, Any], name: str) -> float | None:
    value = entry.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadLine(f"{name} is {shortened(value)}, not a number", f"{name} is not a number")
    if not 0 <= value <= LONGEST_S:
        raise BadLine(
            f"{name} is {shortened(value)}; it must be from 0 to {LONGEST_S:.0f}", f"{name} is out of range"
        )
    return float(value)
