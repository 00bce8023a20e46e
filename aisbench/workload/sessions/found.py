"""What a reader found in a file of sessions, and the checks of fields that all readers share."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, BadLines, check_text, shortened, whole_number
from aisbench.workload.files.trace_times import S, number_ns
from aisbench.workload.request_options import FIXED_FIELDS
from aisbench.workload.sessions.session import Message, Session
from aisbench.workload.vllm_dataset_options import LONGEST_S

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_NAMED_MOST = 12


@dataclass
class Found:
    """The sessions of a file and its unusable rows.

    `check` raises BadLine for a session that this run cannot use. `unused`: how often each key was met that has no meaning here. `counts`: how often something was read other than
    it stands there, in words. `is_timed`: the first turns' `at_s` are when the sessions began.
    """

    bad: BadLines
    check: Callable[[Session], None] = lambda session: None
    sessions: list[Session] = field(default_factory=list)
    unused: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    is_timed: bool = False

    def add(self, session: Session) -> None:
        """Takes a session; raises BadLine if this run cannot use it."""
        self.check(session)
        self.bad.used += 1
        self.sessions.append(session)

    def note_unused(self, entry: Mapping[str, Any], known: Container[str], within: str = "") -> None:
        """Counts the keys of an entry that are not `known`. Null counts as missing."""
        for name, value in entry.items():
            if name not in known and value is not None:
                self.unused[f"{within}{name}"] += 1

    def notes(self) -> list[str]:
        notes = [*self.bad.notes(), *(f"{count:,} {what}" for what, count in self.counts.items() if count)]
        if self.unused:
            named = [f"{name} ({count:,})" for name, count in self.unused.most_common(_NAMED_MOST)]
            more = ", ..." if len(self.unused) > _NAMED_MOST else ""
            notes.append(f"keys of the file that are not used: {', '.join(named)}{more}")
        return notes


def entry_of(value: Any) -> dict[str, Any]:
    """An entry of a file, which has to be an object."""
    if not isinstance(value, dict):
        raise BadLine(f"{type(value).__name__} instead of a JSON object")
    return value


def list_of(entry: Mapping[str, Any], name: str) -> list[Any]:
    value = entry.get(name)
    if not isinstance(value, list) or not value:
        raise BadLine(
            f"{name} is {shortened(value)}, not a list with something in it", f"{name} is not a list"
        )
    return value


def object_of(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object in a field; empty where there is none."""
    value = entry.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadLine(f"{name} is {shortened(value)}, not an object", f"{name} is not an object")
    return value


def extra_of(entry: Mapping[str, Any], name: str = "extra") -> dict[str, Any]:
    """Fields to merge into the body of a request."""
    extra = object_of(entry, name)
    for one in FIXED_FIELDS:
        if one in extra:
            raise BadLine(f"{name} cannot replace {one!r}")
    return extra


def seconds_of(entry: Mapping[str, Any], name: str, unit_s: float = 1.0) -> float:
    """A span in seconds; 0 where there is none. `unit_s`: the field's unit."""
    value = entry.get(name)
    if value is None:
        return 0.0
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0 <= value * unit_s <= LONGEST_S:
        unit = "seconds" if unit_s == 1 else "milliseconds"
        wanted = f"not a number of {unit} from 0 to {LONGEST_S / unit_s:.0f}"
        raise BadLine(f"{name} is {shortened(value)}, {wanted}", f"{name} is {wanted}")
    return float(value) * unit_s


def time_of(entry: Mapping[str, Any], name: str, unit_ns: int = S) -> float | None:
    """A point in time in seconds, from a number of units or a date; None where there is none."""
    if entry.get(name) is None:
        return None
    try:
        return number_ns(entry[name], unit_ns) / S
    except BadLine as problem:
        raise BadLine(
            str(problem).replace("timestamp", name), problem.kind.replace("timestamp", name)
        ) from None


def length_of(entry: Mapping[str, Any], name: str) -> int | None:
    """A planned length of an answer; None where there is none."""
    return None if entry.get(name) is None else whole_number(entry[name], name, 1)


def recorded_length(entry: Mapping[str, Any], name: str, found: Found) -> int | None:
    """The length of an answer that was measured. An empty answer cannot be asked for, so it becomes one token."""
    if entry.get(name) is None:
        return None
    length = whole_number(entry[name], name, 0)
    found.counts["empty answers, which become answers of 1 token"] += length == 0
    return max(1, length)


def name_of(entry: Mapping[str, Any], name: str) -> str:
    """What a session or turn is called: a text or a whole number."""
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise BadLine(
            f"{name} is {shortened(value)}, neither a text nor a whole number", f"{name} is not a name"
        )
    return str(value)


def messages_of(value: Any, name: str = "messages") -> tuple[Message, ...]:
    """Messages in the form of OpenAI's chat API; raises BadLine for anything else."""
    if not isinstance(value, list) or not value:
        raise BadLine(
            f"{name} is {shortened(value)}, not a list of at least one message", f"{name} is not a list"
        )
    for message in value:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadLine(f"{shortened(message)} in {name} has no role", "a message without a role")
        if message["role"] not in ROLES:
            raise BadLine(
                f"the role {shortened(message['role'])} is unknown; known: {', '.join(ROLES)}",
                f"the role {shortened(message['role'])}",
            )
        check_content(message.get("content"))
        if message.get("tool_calls"):
            message["tool_calls"] = calls_of(message["tool_calls"])
        elif message.get("content") is None and message["role"] != "assistant":
            raise BadLine(f"the message {shortened(message)} has no content", "a message without content")
    return tuple(value)


def check_content(content: Any) -> None:
    """Raises BadLine for content that is neither text nor parts, or cannot be encoded."""
    if content is not None and not isinstance(content, (str, list)):
        raise BadLine(f"content is {shortened(content)}, not a text", "content is not a text")
    for part in [content] if isinstance(content, str) else content or []:
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str):
            check_text(text)
        elif not isinstance(part, dict):
            raise BadLine(
                f"content holds {shortened(part)}, which is no part of a message", "a bad content part"
            )


def calls_of(value: Any) -> list[dict[str, Any]]:
    """Tool calls under OpenAI's names; their arguments may be an object, or any text."""
    if not isinstance(value, list):
        raise BadLine(f"tool_calls is {shortened(value)}, not a list", "tool_calls is not a list")
    return [_call_of(one, i) for i, one in enumerate(value)]


def _call_of(given: Any, number: int) -> dict[str, Any]:
    function = given.get("function", given) if isinstance(given, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise BadLine(f"the tool call {shortened(given)} has no name", "a tool call without a name")
    arguments = function.get("arguments", "{}")
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments)
    check_text(arguments)
    named = given.get("id") if isinstance(given.get("id"), str) else f"call_{number}"
    return {
        "id": named,
        "type": "function",
        "function": {"name": function["name"], "arguments": arguments},
    }


def tools_of(entry: Mapping[str, Any], name: str = "tools") -> tuple[Message, ...]:
    """Tools under OpenAI's names, from a list of them or of bare functions, or from JSON text of either."""
    value = entry.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except ValueError:
            raise BadLine(
                f"{name} is text that is not JSON: {shortened(value)}", f"{name} is broken JSON"
            ) from None
    if not value:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadLine(
            f"{name} is {shortened(value)}, not a list of objects", f"{name} is not a list of objects"
        )
    return tuple(
        one if "function" in one or "name" not in one else {"type": "function", "function": one}
        for one in value
    )
