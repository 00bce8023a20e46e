"""Conversations with the names that different files use for roles and texts.

An entry has its turns under "conversations" (ShareGPT's "from" and "value"), "messages" ("role" and "content") or
"turns" (texts of the user, or objects with "prompt" and "answer"); vLLM's multi-turn benchmark reads "id" and
"messages". "system", "tools", "tool_choice" and "extra" beside them apply to every turn.

A turn is what stands between two messages of the assistant: messages of users and results of tools. In a file without
any message of an assistant, each message of a user is a turn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, check_text, shortened
from aisbench.workload.messages import is_text, text_of
from aisbench.workload.sessions.found import (
    Found,
    calls_of,
    check_content,
    extra_of,
    length_of,
    name_of,
    seconds_of,
    tools_of,
)
from aisbench.workload.sessions.history import REASONING
from aisbench.workload.sessions.session import Message, Session, Turn, chain

_CALLS = ("function_call", "tool_call")
_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "assistant", "model", "bing", "bard", *_CALLS), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function", "observation", "tool_response", "ipython"), "tool"),
}
LISTS = ("conversations", "messages", "turns")
_OF_ENTRY = (*LISTS, "id", "system", "tools", "tool_choice", "extra")
_OF_TURN = ("output_tokens", "think_s", "tool_latency_s", "extra", "tools", "tool_choice")
_OF_MESSAGE = (
    "from",
    "role",
    "value",
    "content",
    "tool_calls",
    "tool_call_id",
    "name",
    *REASONING,
    *_OF_TURN,
)


@dataclass
class _Open:
    """The turn that is being read, and those before it. `planned`: the fields of its request, under the file's names."""

    turns: list[Turn] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    planned: dict[str, Any] = field(default_factory=dict)

    def add(self, message: Message, said: Mapping[str, Any]) -> None:
        self.messages.append(message)
        self.planned |= {name: said[name] for name in _OF_TURN if said.get(name) is not None}

    def close(self, common: Mapping[str, Any], answer: tuple[Message, ...] = ()) -> None:
        """Ends the turn, if a user or a tool said something in it."""
        if not any(one["role"] != "system" for one in self.messages):
            return
        fields = {**common, **self.planned}
        self.turns.append(
            Turn(
                tuple(self.messages),
                answer=answer,
                tools=tools_of(self.planned) or common.get("tools") or (),
                tool_choice=fields.get("tool_choice"),
                extra={**extra_of(common), **extra_of(self.planned)},
                output_tokens=length_of(fields, "output_tokens"),
                think_s=seconds_of(fields, "think_s"),
                tool_s=seconds_of(fields, "tool_latency_s"),
            )
        )
        self.messages, self.planned = [], {}

    def ids(self) -> list[str]:
        """The ids of the tool calls of the last answer."""
        if not self.turns:
            return []
        return [str(call["id"]) for one in self.turns[-1].answer for call in one.get("tool_calls") or ()]


def session_of(entry: Any, number: int, found: Found) -> Session:
    """Reads an entry; raises BadLine where it is no conversation with a turn of a user."""
    said_all, common = _list_in(entry, found)
    name = name_of(entry, "id") if isinstance(entry, dict) and entry.get("id") is not None else str(number)
    roles = [
        _ROLES.get(str(one.get("from", one.get("role"))).lower()) for one in said_all if isinstance(one, dict)
    ]
    many = "assistant" in roles
    system = common.pop("system")
    now = _Open()
    for said in said_all:
        if isinstance(said, str) or (isinstance(said, dict) and "prompt" in said):
            row = {"prompt": said} if isinstance(said, str) else said
            found.note_unused(row, ("prompt", "answer", *_OF_TURN))
            now.close(common)
            now.add(_user(row["prompt"], row), row)
            answer = _answer_in(row)
            now.close(common, answer)
            continue
        if not isinstance(said, dict):
            raise BadLine(f"{shortened(said)} is not a turn", "something that is not a turn")
        role = _role_of(said)
        found.note_unused(said, _OF_MESSAGE)
        content = said.get("value", said.get("content"))
        check_content(content)
        if role == "system" and not now.turns and not now.messages:
            system = text_of(content)
        elif role == "system":
            now.messages.append({"role": "system", "content": text_of(content)})
        elif role == "user":
            if not many:
                now.close(common)
            now.add(_user(content, said), said)
        elif role == "tool":
            now.add(_result(content, said, now), said)
        elif not _ends(now, said, content, common):
            found.unused["messages of the assistant before the first of a user"] += 1
    now.close(common)
    if not now.turns:
        raise BadLine("no user turn")
    if system:
        first = now.turns[0]
        now.turns[0] = Turn(
            **{**vars(first), "messages": ({"role": "system", "content": system}, *first.messages)}
        )
    return chain(name, now.turns)


def _ends(now: _Open, said: Mapping[str, Any], content: Any, common: Mapping[str, Any]) -> bool:
    """Ends the turn with an answer, or adds to the last answer; False if there is nothing to answer yet."""
    message = _assistant(said, content)
    answer = () if message is None else (message,)
    if any(one["role"] != "system" for one in now.messages):
        now.close(common, answer)
        return True
    if now.turns and answer:
        last = now.turns[-1]
        now.turns[-1] = Turn(**{**vars(last), "answer": (*last.answer, *answer)})
    return bool(now.turns) or not answer


def _list_in(entry: Any, found: Found) -> tuple[list[Any], dict[str, Any]]:
    """The messages of an entry, in order, and the fields beside them."""
    if isinstance(entry, list):
        return entry, {"system": None}
    if not isinstance(entry, dict):
        raise BadLine(f"{shortened(entry)} is not an object", "something that is not an object")
    named = [name for name in LISTS if name in entry]
    if len(named) != 1 or not isinstance(entry[named[0]], list):
        raise BadLine("not exactly one list named conversations, messages or turns")
    found.note_unused(entry, _OF_ENTRY)
    system = entry.get("system")
    return entry[named[0]], {
        "system": system if isinstance(system, str) and system else None,
        "tools": tools_of(entry),
        "tool_choice": entry.get("tool_choice"),
        "extra": extra_of(entry),
    }


def _role_of(said: dict[str, Any]) -> str:
    given = said.get("from", said.get("role"))
    if given is None:
        raise BadLine(
            f"{shortened(said)} does not say who spoke; it needs from or role",
            "a message without from or role",
        )
    role = _ROLES.get(str(given).lower())
    if role is None:
        raise BadLine(
            f"the role {shortened(given)} is unknown; known: user, assistant, system, tool, and ShareGPT's human, "
            "gpt, ...",
            f"the role {shortened(given)}",
        )
    return role


def _user(content: Any, said: Mapping[str, Any]) -> Message:
    """A user's message. Parts that are all text become one text."""
    if isinstance(content, list) and all(map(is_text, content)):
        content = text_of(content)
    if not content or not isinstance(content, (str, list)):
        raise BadLine(f"{shortened(said)} has no text", "a user turn without text")
    check_content(content)
    return {"role": "user", "content": content}


def _result(content: Any, said: Mapping[str, Any], now: _Open) -> Message:
    """A tool's result, for the call that it names or else for the next call of the last answer."""
    calls = now.ids()
    earlier = sum(one["role"] == "tool" for one in now.messages)
    call = said.get("tool_call_id") or (calls[earlier] if earlier < len(calls) else f"call_{earlier}")
    named = {"name": said["name"]} if isinstance(said.get("name"), str) else {}
    return {"role": "tool", "tool_call_id": str(call), **named, "content": text_of(content)}


def _assistant(said: Mapping[str, Any], content: Any) -> Message | None:
    """An answer; None if it is empty."""
    text = text_of(content)
    if str(said.get("from", said.get("role"))).lower() in _CALLS:
        try:
            value = json.loads(text)
        except ValueError:
            raise BadLine(
                f"the tool call {shortened(text)} is not JSON", "a tool call that is not JSON"
            ) from None
        calls = calls_of(value if isinstance(value, list) else [value])
        return {"role": "assistant", "content": None, "tool_calls": calls}
    message: dict[str, Any] = {"role": "assistant", "content": text}
    message |= {name: said[name] for name in REASONING if said.get(name)}
    if said.get("tool_calls"):
        message |= {"content": text or None, "tool_calls": calls_of(said["tool_calls"])}
    return message if text or len(message) > 2 else None


def _answer_in(row: Mapping[str, Any]) -> tuple[Message, ...]:
    answer = row.get("answer")
    if answer is not None and not isinstance(answer, str):
        raise BadLine(f"answer is {shortened(answer)}, not a text", "answer is not a text")
    check_text(answer or "")
    return ({"role": "assistant", "content": answer},) if answer else ()
