"""Tool calls of an answer, put together from the pieces of its stream.

A backend has a function that does this for its API. It gets the values that the rules with the meanings CALL and PART
found, in order; a whole answer gives the same values in one go. Servers deviate from their APIs, so values of another
form are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypedDict


class ToolCall(TypedDict):
    """`arguments` is the text that the model wrote, which should be a JSON object; `id` may be empty."""

    id: str
    name: str
    arguments: str


FromPieces = Callable[[list[Any]], list[ToolCall]]
IdFromPieces = Callable[[list[Any]], str]


class OpenCall:
    """A call whose arguments are still arriving."""

    def __init__(self, call_id: str, name: str) -> None:
        self.id = call_id
        self.name = name
        self._arguments: list[str] = []

    def add(self, arguments: Any) -> None:
        """Adds a piece of the arguments. Some servers send an object instead of its text."""
        if isinstance(arguments, str):
            self._arguments.append(arguments)
        elif isinstance(arguments, (dict, list)):
            self._arguments.append(json.dumps(arguments))

    def replace(self, arguments: Any) -> None:
        """Takes the complete arguments in place of the pieces, unless they are empty."""
        if arguments:
            self._arguments.clear()
            self.add(arguments)

    def closed(self) -> ToolCall:
        return {
            "id": valid(self.id),
            "name": valid(self.name),
            "arguments": valid("".join(self._arguments)),
        }


def chat_calls(pieces: list[Any]) -> list[ToolCall]:
    """The calls of OpenAI's chat API, from lists of `{"index", "id", "function": {"name", "arguments"}}`.

    Pieces with the same index belong together. Some servers give all parallel calls the index 0, but each its own id,
    and some repeat the id in every piece; so an id that is new begins a call. The older `function_call` is a bare
    `{"name", "arguments"}`.
    """
    found: list[OpenCall] = []
    by_index: dict[Any, OpenCall] = {}
    for delta in _deltas(pieces):
        function = delta["function"] if isinstance(delta.get("function"), dict) else delta
        call_id, name = text_of(delta.get("id")), text_of(function.get("name"))
        index = None if isinstance(delta.get("index"), (dict, list)) else delta.get("index")
        call = next((one for one in found if call_id and one.id == call_id), None)
        if call is None:
            call = by_index.get(index)
            # Whole answers have no index; there, each element of the list is a call.
            if call is None or (call_id and call.id) or (index is None and name and "function" in delta):
                call = OpenCall(call_id, name)
                found.append(call)
        by_index[index] = call
        call.id, call.name = call.id or call_id, call.name or name
        call.add(function.get("arguments"))
    return [call.closed() for call in found]


def _deltas(pieces: list[Any]) -> Iterator[dict[str, Any]]:
    for piece in pieces:
        yield from (one for one in (piece if isinstance(piece, list) else [piece]) if isinstance(one, dict))


def in_chat_form(calls: Iterable[ToolCall]) -> tuple[dict[str, Any], ...]:
    """The calls as messages of the chat API have them."""
    return tuple(
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": call["arguments"]},
        }
        for call in calls
    )


def parsed_arguments(given: Any) -> dict[str, Any] | None:
    """The arguments of a call as an object; None if they are not one."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return None
    return given if isinstance(given, dict) else None


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def valid(text: str) -> str:
    """`text` without halves of surrogate pairs; two halves from different pieces become one character."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
