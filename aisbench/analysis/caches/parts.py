"""What a body asks the model to read, in the order in which chat templates put it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from aisbench.backends.prompt import ANSWER, LIVE, PREVIOUS, results_in
from aisbench.workload.build import without_holes

# The fields of all backends' bodies, by their place in the prompt.
_FIELDS = (
    *("tools", "functions", "system", "instructions"),
    *("messages", "prompt", "input", "inputs", "text", "text_input", "input_ids"),
)
# Fields of messages and of their parts that the model does not read.
_UNREAD = ("role", "type", "id", "tool_call_id", "call_id", "cache_control", "status", "detail")
_HOLE = re.compile(f"({ANSWER}|{LIVE}.*?{LIVE})", re.DOTALL)
# Every byte that stands for a hole or belongs to one.
_HOLE_BYTES = re.compile(b"[\0-\5]")


class Hole:
    """A place for what an earlier turn said."""

    __slots__ = ()


# The answer to a turn, and the prompt of a turn with its answer, which the server keeps.
HOLE, CONTINUED = Hole(), Hole()
# Token ids are int32.
Part = str | NDArray[np.int32] | Hole


@dataclass(frozen=True)
class Parts:
    """The parts of a prompt in order: texts, token ids, holes. `scope`: prompts of different scopes share nothing in a
    cache, as they have another model (an adapter) or another salt."""

    parts: tuple[Part, ...]
    scope: str


def parts_of(body: bytes) -> Parts:
    """The parts of the prompt in a request body as bodies.bin has it. A body that is not a JSON object of a known form
    is a text itself."""
    if _HOLE_BYTES.search(body):
        body = without_holes(body)
    try:
        fields = orjson.loads(body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return Parts((body.decode("utf-8", "replace"),), "")
    parts = tuple(part for name in _FIELDS if name in fields for part in _read(fields[name]))
    if fields.get("previous_response_id") == PREVIOUS:
        # The server has the answers to earlier turns; only their results are sent.
        parts = (CONTINUED, *(part for part in parts if part is not HOLE))
    scope = f"{fields.get('model')} {fields.get('cache_salt')}"
    return Parts(parts or (body.decode("utf-8", "replace"),), scope)


def _read(value: Any) -> Iterator[Part]:
    if isinstance(value, str):
        if value:
            yield from _text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _UNREAD:
                yield from _read(inner)
    elif isinstance(value, list):
        if value and all(type(one) is int for one in value):
            yield np.array(value, np.int64).astype(np.int32)
        else:
            for one in value:
                yield from _read(one)
    elif isinstance(value, (int, float)):
        yield str(value)


def _text(text: str) -> Iterator[Part]:
    if ANSWER not in text and LIVE not in text:
        # The turns of a conversation come again in every later one.
        yield sys.intern(text)
        return
    for piece in _HOLE.split(text):
        results = results_in(piece)
        if piece == ANSWER or results is not None:
            yield HOLE
            yield from (one["content"] for one in results or () if isinstance(one["content"], str))
        elif piece:
            yield sys.intern(piece)
