"""Any value in any place of a file of sessions is read, left out with its reason, or refused in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from aisbench.errors import BadInput
from tests.workload.sessions.made import lines, made
from tests.workload.sessions.test_conversation_files import LOG
from tests.workload.sessions.test_formats import MULTI, ROWS, WHOLE, talk
from tests.workload.sessions.test_native import DAG
from tests.workload.sessions.test_spans import SPANS

# A long list of these was tried by hand; these find what the others find.
ODD: tuple[Any, ...] = (None, 1e300, "\ud800", [None], {"a": 1})
BODIES = ("raw_payload", "workload_trace", "inputs_json")
FILES: dict[str, list[Any]] = {
    "sessions": [DAG],
    "conversations": [LOG],
    "multi_turn": MULTI,
    "dag_jsonl": [
        talk("r", {"spawns": [{"children": ["w"], "join_at": 1}]}, {"tools": [{"name": "x"}]}),
        talk("w", {}),
    ],
    "raw_payload": [{"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 3}],
    "mlcommons_agentic": ROWS,
    "workload_trace": [
        {"timestamp": 1, "body": {"messages": [{"role": "user", "content": "x"}]}, "completion_tokens": 2}
    ],
    "inputs_json": [WHOLE["inputs_json"]],
    "agentic_trace": [WHOLE["agentic_trace"]],
    "otel_spans": [{"spans": SPANS[:2]}],
}


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The paths to all values in a value."""
    for key in (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    ):
        yield (key,)
        yield from ((key, *rest) for rest in places(value[key]))


@pytest.mark.parametrize("name", list(FILES))
def test_odd_values_are_no_surprise(tmp_path: Path, name: str) -> None:
    rows = FILES[name]
    histories = (None,) if name in BODIES else ("live", "recorded")
    for number, (place, odd) in enumerate(product(places(rows), ODD)):
        changed = copy.deepcopy(rows)
        within: Any = changed
        for key in place[:-1]:
            within = within[key]
        within[place[-1]] = odd
        path = lines(tmp_path / "f.jsonl", changed)
        said = outcome(path, name, histories[number % len(histories)])
        assert "\n" not in said, place


def outcome(path: Path, name: str, history: str | None) -> str:
    """The error, or the messages that would be sent."""
    try:
        return json.dumps([one.messages for one in made(path, name, history=history)[1]])
    except BadInput as refused:
        return str(refused)
