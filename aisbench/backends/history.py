"""Answers as parts of later requests: the text that replaces a placeholder, and the messages of a live turn.

All of this happens once for each turn, never for each event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from aisbench.backends.tool_calls import ToolCall, parsed_arguments

# The result of a call that no recorded turn has one for.
NO_RESULT = "no result was recorded for this call"
_BLOCK = re.compile(r"<think>.*?</think>", re.DOTALL)


class Result(TypedDict):
    """A scripted result of a tool; `name` is that of the tool, None if it is not known."""

    name: str | None
    content: str


@dataclass(frozen=True)
class Called:
    """A call of the model with the result that it gets. `arguments` is the text of a JSON object."""

    id: str
    name: str
    arguments: str
    result: str


@dataclass(frozen=True)
class Said:
    """An answer for a later request; `reasoning` is empty unless the history keeps it."""

    content: str
    reasoning: str
    calls: Sequence[Called] = ()


# Makes an API's messages from an answer: the assistant's, and those with the results of its calls.
AsMessages = Callable[[Said], list[dict[str, Any]]]


class History:
    """Turns answers into what later requests contain.

    `as_messages`: the API's form of an answer; None: it has only texts. `keeps_reasoning`: reasoning stays in.

    `repaired`: how many calls had arguments that are not a JSON object, which servers refuse in later requests; {} was
    sent instead. `unscripted`: how many calls got NO_RESULT. `thoughts`: how many answers are only <think> blocks.
    `uncalled`: how many turns had nothing but scripted results to add, and were sent without them, since the answer
    before called no tool.
    """

    def __init__(self, as_messages: AsMessages | None, *, keeps_reasoning: bool = False) -> None:
        self.as_messages = as_messages
        self.keeps_reasoning = keeps_reasoning
        self.repaired = 0
        self.unscripted = 0
        self.uncalled = 0
        self.thoughts = 0

    def figures(self) -> dict[str, int]:
        return {
            "repaired": self.repaired,
            "unscripted": self.unscripted,
            "uncalled": self.uncalled,
            "thoughts": self.thoughts,
        }

    def answer(
        self, content: bytes, reasoning: bytes, calls: list[ToolCall] | None, answer_id: str = ""
    ) -> Answer:
        """`content` and `reasoning` as they stand between the quotes of a JSON string."""
        return Answer(self, content, reasoning, calls or [], answer_id)


class Answer:
    """One answer. `text`: its content for later requests, as it stands between the quotes of a JSON string.

    `message`: replaces an assistant's message that is only this answer, as JSON; None: the text is put in its place.
    `id`: its id at the server, as it stands in JSON; empty if the server gave none.
    """

    def __init__(
        self, history: History, content: bytes, reasoning: bytes, calls: list[ToolCall], answer_id: str = ""
    ) -> None:
        self._history = history
        self.id = json.dumps(answer_id)[1:-1].encode()
        self._reasoning = reasoning if history.keeps_reasoning else b""
        self._calls = calls
        self._rendered: tuple[bytes, bytes] | None = None
        self.text = content if history.keeps_reasoning else without_thoughts(content)
        self.message: bytes | None = None
        if content and not self.text and not calls:
            history.thoughts += 1
        if self._reasoning and history.as_messages is not None:
            self.message = _encoded(history.as_messages(Said(_plain(self.text), _plain(self._reasoning))))

    @property
    def has_calls(self) -> bool:
        return bool(self._calls)

    def messages(self, results: bytes) -> bytes:
        """The messages of a live turn, as elements of a JSON array; empty if there is nothing to say.

        `results`: the hole's scripted results, as prompt.live_turn writes them, between the quotes of a JSON string.
        """
        if self._rendered is None or self._rendered[0] != results:
            self._rendered = (results, self._made(json.loads(_plain(results))))
        return self._rendered[1]

    def noted_uncalled(self) -> None:
        self._history.uncalled += 1

    def _made(self, results: list[Result]) -> bytes:
        as_messages = self._history.as_messages
        if as_messages is None:
            raise ValueError("a live turn for an API without messages")
        said = Said(_plain(self.text), _plain(self._reasoning), self._answered(results))
        return _encoded(as_messages(said)) if said.content or said.reasoning or said.calls else b""

    def _answered(self, results: list[Result]) -> list[Called]:
        """The calls, each with the next scripted result of its name, else with the next one that no other call has."""
        left = list(results)
        chosen = [_taken(left, call["name"]) for call in self._calls]
        found = []
        for number, (call, result) in enumerate(zip(self._calls, chosen, strict=True)):
            result = result or (left.pop(0) if left else None)
            self._history.unscripted += result is None
            content = NO_RESULT if result is None else result["content"]
            call_id = call["id"] or f"call_{number}"
            found.append(Called(call_id, call["name"], self._arguments(call), content))
        return found

    def _arguments(self, call: ToolCall) -> str:
        if not call["arguments"].strip():
            return "{}"
        if parsed_arguments(call["arguments"]) is not None:
            return call["arguments"]
        self._history.repaired += 1
        return "{}"


def _taken(results: list[Result], name: str) -> Result | None:
    """Takes the first result of a tool from `results`."""
    for at, one in enumerate(results):
        if one["name"] == name:
            return results.pop(at)
    return None


def without_thoughts(escaped: bytes) -> bytes:
    """A text as in JSON without its <think> blocks. A block that does not end goes on to the end of the text; one that
    does not begin was begun by the prompt."""
    if b"think>" not in escaped:
        return escaped
    return json.dumps(bare(_plain(escaped)))[1:-1].encode()


def bare(text: str) -> str:
    """The same for a text as it is."""
    if "think>" not in text:
        return text
    text = _BLOCK.sub("", text)
    return text.rpartition("</think>")[2].partition("<think>")[0].strip("\n")


def _plain(escaped: bytes) -> str:
    text: str = json.loads(b'"%b"' % escaped)
    return text


def _encoded(messages: Sequence[Mapping[str, Any]]) -> bytes:
    """As elements of an array, in the way of all bodies."""
    return ", ".join(map(json.dumps, messages)).encode()
