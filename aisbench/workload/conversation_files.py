"""Reading recorded conversations, whatever names their file has for who said what."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.dataset_files import BadLine, BadLines, json_object, read_json, shortened, whole_number
from aisbench.workload.messages import text_of

ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "assistant", "model", "bing", "bard"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}


@dataclass(frozen=True)
class Turn:
    """What the user says, the recorded answer to it, and how long the user took before it, in seconds."""

    user: str
    answer: str | None
    output_tokens: int | None
    think_s: float


@dataclass(frozen=True)
class Conversation:
    system: str | None
    turns: tuple[Turn, ...]


def read_conversations(path: Path) -> Iterator[Conversation]:
    """All that have a turn of the user; raises BadInput for bad lines (or entries), all at once."""
    bad = BadLines(path)
    found: list[Conversation] = []
    for number, entry in entries(path, bad):
        try:
            conversation = conversation_of(entry)
        except BadLine as problem:
            bad.add(number, problem)
            continue
        if conversation.turns:
            found.append(conversation)
    bad.check()
    if not found:
        raise BadInput(f"{path} holds no conversation with a turn of the user")
    return iter(found)


def entries(path: Path, bad: BadLines) -> Iterator[tuple[int, Any]]:
    """Of a JSON list its elements, numbered from 1; else the lines."""
    with path.open("rb") as file:
        start = file.read(1 << 16).lstrip()
    if start.startswith(b"["):
        yield from enumerate(read_json(path), 1)
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield number, json_object(line)
            except BadLine as problem:
                bad.add(number, problem)


def conversation_of(entry: Any) -> Conversation:
    """Raises BadLine for what is no conversation. A turn is what the user says and the answer behind it."""
    if not isinstance(entry, dict):
        raise BadLine(f"{shortened(entry)} is not an object")
    named = [name for name in ("conversations", "messages", "turns") if name in entry]
    if len(named) != 1 or not isinstance(entry[named[0]], list):
        raise BadLine("wants one list named conversations, messages or turns")
    system: str | None = entry.get("system") if isinstance(entry.get("system"), str) else None
    turns: list[Turn] = []
    for said in entry[named[0]]:
        if isinstance(said, str):
            turns.append(Turn(said, None, None, 0.0))
        elif not isinstance(said, dict):
            raise BadLine(f"{shortened(said)} is no turn")
        elif "prompt" in said:
            turns.append(turn_of(said, said["prompt"], said.get("answer")))
        else:
            role = ROLES.get(str(said.get("from", said.get("role"))))
            text = text_of(said.get("value", said.get("content")))
            if role is None:
                raise BadLine(f"{shortened(said)} says not who spoke: from or role is wanted")
            if role == "system" and not turns:
                system = text
            elif role == "user":
                turns.append(turn_of(said, text, None))
            elif role == "assistant" and turns and turns[-1].answer is None:
                last = turns[-1]
                turns[-1] = Turn(last.user, text, last.output_tokens, last.think_s)
    return Conversation(system, tuple(turns))


def turn_of(said: dict[str, Any], user: Any, answer: Any) -> Turn:
    if not isinstance(user, str) or not user:
        raise BadLine(f"{shortened(said)} has no text")
    if answer is not None and not isinstance(answer, str):
        raise BadLine(f"answer is {shortened(answer)}, not a text")
    output = said.get("output_tokens")
    think = said.get("think_s", 0.0)
    if isinstance(think, bool) or not isinstance(think, (int, float)) or not 0 <= think < math.inf:
        raise BadLine(f"think_s is {shortened(think)}, not seconds of at least 0")
    return Turn(
        user, answer, None if output is None else whole_number(output, "output_tokens", 1), float(think)
    )
