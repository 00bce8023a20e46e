"""Reads recorded conversations, with the names that different files use for roles and texts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.workload.dataset_options import LONGEST_S
from aisbench.workload.files.bad_lines import BadLine, BadLines, check_text, shortened, whole_number
from aisbench.workload.files.dataset_files import is_json_list, json_entries
from aisbench.workload.messages import text_of
from aisbench.workload.options import WorkloadOptions

_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "assistant", "model", "bing", "bard"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(
        ("tool", "function", "function_call", "tool_call", "observation", "tool_response", "ipython"), "tool"
    ),
}


@dataclass(frozen=True)
class Turn:
    """What the user says, the recorded answer (None: not recorded), and the user's pause before the turn in seconds."""

    user: str
    answer: str | None
    output_tokens: int | None
    think_s: float


@dataclass(frozen=True)
class Conversation:
    system: str | None
    turns: tuple[Turn, ...]


@dataclass
class Recorded:
    """The conversations of a file, its unusable rows, and how many messages of each kind are not sent."""

    conversations: list[Conversation]
    bad: BadLines
    unsent: Counter[str]

    def notes(self) -> list[str]:
        notes = self.bad.notes()
        if self.unsent:
            kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(self.unsent.items()))
            notes.append(f"only what users and assistants say is sent; not sent: {kinds}")
        return notes


def read_conversations(path: Path, options: WorkloadOptions) -> Recorded:
    """Reads the conversations that have a user turn; raises BadInput where none can be used."""
    unit = "entry" if is_json_list(path) else "line"
    found = Recorded([], BadLines(path, strict=options.strict_dataset, unit=unit), Counter())
    for number, parse in json_entries(path, options.dataset):
        unsent: Counter[str] = Counter()
        try:
            conversation = _conversation_of(parse(), unsent)
            _check_answers(conversation, options)
        except BadLine as problem:
            found.bad.add(number, problem)
            continue
        found.bad.used += 1
        found.unsent += unsent
        found.conversations.append(conversation)
    found.bad.check("; use --history live" if options.history == "recorded" else "")
    if not found.conversations:
        raise BadInput(f"--dataset-path {path} contains no conversation")
    return found


def _check_answers(conversation: Conversation, options: WorkloadOptions) -> None:
    """With --history recorded, raises BadLine if an answer that later turns contain was not recorded."""
    asked = conversation.turns[: options.turns]
    if options.history == "recorded" and any(turn.answer is None for turn in asked[:-1]):
        raise BadLine("a turn without a recorded answer, which later turns would contain")


def _conversation_of(entry: Any, unsent: Counter[str]) -> Conversation:
    """Reads an entry as turns, each a user message and the answer after it; raises BadLine for anything else.

    Tool calls and their results are counted in `unsent`. They are not sent because servers refuse results without
    the calls, and the server's own answers take the place of those.
    """
    said_all, system = _messages_in(entry)
    turns: list[Turn] = []
    for said in said_all:
        if isinstance(said, str):
            turns.append(_turn_of({"prompt": said}, said, None))
        elif not isinstance(said, dict):
            raise BadLine(f"{shortened(said)} is not a turn", "something that is not a turn")
        elif "prompt" in said:
            turns.append(_turn_of(said, said["prompt"], said.get("answer")))
        else:
            role = _role_of(said)
            content = said.get("value", said.get("content"))
            text = text_of(content)
            check_text(text)
            if role == "tool" or (role == "assistant" and not text and said.get("tool_calls")):
                unsent[str(said.get("from", said.get("role")))] += 1
            elif role == "system" and not turns:
                system = text
            elif role == "user":
                turns.append(_turn_of(said, text if isinstance(content, list) else content, None))
                if isinstance(content, list) and any(not _is_text(part) for part in content):
                    unsent["parts other than text"] += 1
            elif role == "assistant" and turns and turns[-1].answer is None and text:
                last = turns[-1]
                turns[-1] = Turn(last.user, text, last.output_tokens, last.think_s)
    if not turns:
        raise BadLine("no user turn")
    return Conversation(system, tuple(turns))


def _messages_in(entry: Any) -> tuple[list[Any], str | None]:
    """The messages of an entry, in order, and the system message beside them."""
    if isinstance(entry, list):
        return entry, None
    if not isinstance(entry, dict):
        raise BadLine(f"{shortened(entry)} is not an object", "something that is not an object")
    named = [name for name in ("conversations", "messages", "turns") if name in entry]
    if len(named) != 1 or not isinstance(entry[named[0]], list):
        raise BadLine("not exactly one list named conversations, messages or turns")
    system = entry.get("system")
    return entry[named[0]], system if isinstance(system, str) and system else None


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


def _is_text(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, dict) and "text" in part)


def _turn_of(said: dict[str, Any], user: Any, answer: Any) -> Turn:
    if not isinstance(user, str) or not user:
        raise BadLine(f"{shortened(said)} has no text", "a user turn without text")
    if answer is not None and not isinstance(answer, str):
        raise BadLine(f"answer is {shortened(answer)}, not a text", "answer is not a text")
    check_text(user)
    check_text(answer or "")
    output = said.get("output_tokens")
    think = said.get("think_s") or 0.0
    if isinstance(think, bool) or not isinstance(think, (int, float)) or not 0 <= think <= LONGEST_S:
        raise BadLine(
            f"think_s is {shortened(think)}, not a number of seconds from 0 to {LONGEST_S:.0f}",
            f"think_s is not a number of seconds from 0 to {LONGEST_S:.0f}",
        )
    return Turn(
        user,
        answer or None,
        None if output is None else whole_number(output, "output_tokens", 1),
        float(think),
    )
