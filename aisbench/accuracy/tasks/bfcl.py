"""BFCL: calls of the functions that a question offers, in the `tool_calls` of the answer.

These are the categories of the Berkeley Function Calling Leaderboard, version 3, that are scored by the calls alone:
simple (Python), multiple, parallel, parallel_multiple, and irrelevance, where it is right to make no call. Users asked
the live questions; the others were written for the leaderboard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisbench.accuracy.files import Row, numbered
from aisbench.accuracy.layout import Layout
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.scoring.calls import Allowed, Call, mismatch
from aisbench.accuracy.task import Source, Task
from aisbench.errors import BadInput

CATEGORIES = (
    "simple",
    "simple_python",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
    "live_irrelevance",
)
_NAME = re.compile(r"BFCL_v\d+_(\w+)")
_LAYOUT = Layout(
    ("bfcl", "Berkeley-Function-Calling-Leaderboard"), tuple(f"BFCL_v?_{one}.json" for one in CATEGORIES)
)
# BFCL's types whose names differ in JSON schema.
_JSON_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}


def _read(source: Source) -> list[Question]:
    if source.shots:
        raise BadInput(f"--shots {source.shots}: bfcl has no solved examples; leave it out")
    return [question for path in _files(source.path) for question in _questions(path)]


def _files(path: Path) -> list[Path]:
    """The files of all categories, in the order of CATEGORIES; `path` alone if it is a file."""
    first = _LAYOUT.questions_of(path)[0]
    if path.is_file():
        return [path]
    there = {_category(one): one for one in sorted(first.parent.glob("BFCL_v?_*.json"))}
    return [there[category] for category in CATEGORIES if category in there]


def _category(path: Path) -> str:
    found = _NAME.fullmatch(path.stem)
    return found[1] if found else path.stem


def _questions(path: Path) -> list[Question]:
    category = _category(path)
    known = {} if category.endswith("irrelevance") else _known(path.parent / "possible_answer" / path.name)
    found = []
    for place, row in numbered(path, "id", "question", "function"):
        if not category.endswith("irrelevance") and str(row["id"]) not in known:
            raise BadInput(f"{place}: {row['id']} has no answer in possible_answer/{path.name}")
        messages = _messages(row, place)
        functions = row["function"] if isinstance(row["function"], list) else [row["function"]]
        try:
            tools = [_tool(function) for function in functions]
            allowed = [_allowed(one, functions) for one in known.get(str(row["id"]), ())]
        except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as problem:
            raise BadInput(
                f"{place}: its functions or answers are not as BFCL has them ({type(problem).__name__}: {problem})"
            ) from None
        found.append(
            Question(
                messages,
                "\n\n".join(message["content"] for message in messages),
                known.get(str(row["id"]), []),
                subset=category,
                body={"tools": tools},
                facts={"allowed": allowed},
            )
        )
    return found


def _known(path: Path) -> dict[str, list[Any]]:
    if not path.is_file():
        raise BadInput(f"{path} is missing; the answers of {path.name} belong there")
    return {str(row["id"]): row["ground_truth"] for _, row in numbered(path, "id", "ground_truth")}


def _messages(row: Row, place: str) -> tuple[Mapping[str, Any], ...]:
    """A question is a list of turns, each a list of messages; these categories have one turn."""
    turns = row["question"]
    turn = turns[0] if isinstance(turns, list) and turns and isinstance(turns[0], list) else turns
    if not isinstance(turn, list) or not all(
        isinstance(one, dict) and isinstance(one.get("content"), str) for one in turn
    ):
        raise BadInput(f"{place}: 'question' should be a list of turns of messages, got {turns!r:.80}")
    return tuple(turn)


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    """A function in OpenAI's form."""
    return {
        "type": "function",
        "function": {
            "name": _call_name(function["name"]),
            "description": function.get("description", ""),
            "parameters": _schema(function["parameters"]),
        },
    }


def _call_name(name: str) -> str:
    """A name without dots, which OpenAI does not allow."""
    return name.replace(".", "_")


def _schema(node: Mapping[str, Any]) -> dict[str, Any]:
    """Converts a BFCL schema to JSON schema, at any depth. A parameter may itself be named `type` or `properties`."""
    schema = dict(node)
    if isinstance(schema.get("type"), str):
        schema["type"] = _JSON_TYPES.get(schema["type"].lower(), schema["type"].lower())
    if isinstance(schema.get("properties"), dict):
        schema["properties"] = {name: _schema(one) for name, one in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        schema["items"] = _schema(schema["items"])
    # OpenAI rejects these keys.
    return {name: value for name, value in schema.items() if name not in ("optional", "format")}


def _allowed(known: Mapping[str, Any], functions: list[dict[str, Any]]) -> dict[str, Any]:
    ((name, values),) = known.items()
    if not all(isinstance(one, list) for one in values.values()):
        raise ValueError(f"the values of {name} are not lists")
    function = next(one for one in functions if one["name"] == name)
    return {"name": _call_name(name), "schema": function["parameters"], "values": values}


def _score(question: Question, answer: Answer) -> Scored:
    try:
        calls = [_call(call) for call in answer.tool_calls]
    except (KeyError, TypeError, ValueError) as problem:
        return Scored(
            json.dumps(answer.tool_calls), False, 0.0, "tool calls", why=f"a call is not JSON: {problem}"
        )
    if not calls:
        nothing_right = not question.gold
        why = "" if nothing_right else f"0 calls instead of {len(question.gold)}"
        extracted = "no call" if nothing_right else None
        return Scored(extracted, nothing_right, float(nothing_right), "no tool calls", why=why)
    why = mismatch(calls, [Allowed(**one) for one in question.facts["allowed"]])
    said = json.dumps([{name: arguments} for name, arguments in calls], ensure_ascii=False)
    return Scored(said, not why, float(not why), "tool calls", why=why)


def _call(call: Mapping[str, Any]) -> Call:
    function = call["function"]
    given = function.get("arguments") or "{}"
    arguments = json.loads(given) if isinstance(given, str) else given
    if not isinstance(arguments, dict):
        raise TypeError(f"the arguments of {function['name']} are {type(arguments).__name__}, not an object")
    return _call_name(function["name"]), arguments


TASKS = (
    Task(
        "bfcl",
        "calls of the functions that a question offers, by name and arguments; needs a chat API with tools",
        (
            'bfcl/BFCL_v3_simple.json: {"id", "question", "function"}; also multiple, parallel, parallel_multiple, '
            "irrelevance and live_*",
            'bfcl/possible_answer/BFCL_v3_simple.json: {"id", "ground_truth"}; none for irrelevance',
        ),
        _read,
        _score,
    ),
)
