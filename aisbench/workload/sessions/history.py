"""Builds the messages of a session's prompts from what was said before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from aisbench.backends.backend import Backend
from aisbench.backends.history import bare
from aisbench.backends.prompt import ANSWER, PREVIOUS, Prompt, live_turn
from aisbench.backends.tool_calls import parsed_arguments
from aisbench.workload.messages import as_text, is_text
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.sessions.lengths import said_in
from aisbench.workload.sessions.options import AT_SERVER, RECORDED
from aisbench.workload.sessions.scripted import results_first, results_of, uses_tools
from aisbench.workload.sessions.session import Message, Session, Turn

# Where servers put the reasoning of an answer.
REASONING = ("reasoning", "reasoning_content", "reasoning_details", "thinking")
_PLACE: Message = {"role": "assistant", "content": ANSWER}


def calls_tools(session: Session, backend: Backend) -> bool:
    """Whether the server's own calls of tools go back to it with results; an API without messages has only texts."""
    return backend.takes_messages and uses_tools(session)


class History:
    """The prompts of one session, made in order, with places for the server's answers or with the recorded ones."""

    def __init__(
        self, session: Session, options: WorkloadOptions, backend: Backend, counts: Counter[str]
    ) -> None:
        self.session = session
        self.is_live = options.history != RECORDED
        self.is_at_server = options.history == AT_SERVER
        self.keeps_reasoning = options.history_reasoning
        self.calls_tools = self.is_live and calls_tools(session, backend)
        self.backend = backend
        self.counts = counts
        # The messages of each turn's prompt.
        self.sent: list[tuple[Message, ...]] = []

    def prompt(self, i: int, tokens: int, output: int | None) -> Prompt:
        turn = self.session.turns[i]
        new = self._new(turn)
        before: tuple[Message, ...] = ()
        if turn.base is not None:
            before = self._answer(turn.base, new)
            if not self.is_at_server:
                before = (*self.sent[turn.base], *before)
            new = new[results_first(new) :] if self.calls_tools else new
        self.sent.append((*before, *new))
        fields = dict(turn.extra)
        if self.is_at_server:
            fields |= self.backend.continues
            if turn.base is None:
                fields = {name: value for name, value in fields.items() if value != PREVIOUS}
        if self.backend.takes_messages:
            if turn.tools:
                fields = {"tools": list(turn.tools), **fields}
            if turn.tool_choice is not None:
                fields.setdefault("tool_choice", turn.tool_choice)
        else:
            self._count_unsent(turn)
        plain = [{**one, "content": said_in(one)} if one.get("tool_calls") else one for one in self.sent[i]]
        return Prompt(as_text(plain), tokens, output, messages=self.sent[i], fields=fields)

    def _new(self, turn: Turn) -> tuple[Message, ...]:
        """The turn's own messages; recorded answers take the places of those that it quotes."""
        messages = self._cleaned(turn.messages)
        if not turn.quotes or self.is_live:
            return messages
        quoted = iter("\n".join(said_in(one) for one in self.session.turns[i].answer) for i in turn.quotes)
        return tuple(_filled(one, quoted) for one in messages)

    def _answer(self, base: int, new: Sequence[Message]) -> tuple[Message, ...]:
        """The answer to the turn that this one continues, with the results of its calls if those stand in one place."""
        answer = self.session.turns[base].answer
        if self.calls_tools:
            return (live_turn(results_of(new[: results_first(new)], answer)),)
        if self.is_at_server:
            return ()
        return (_PLACE,) if self.is_live else self._cleaned(answer)

    def _cleaned(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Recorded messages without reasoning, unless that is kept, and with arguments of tool calls that servers can read.

        A message of nothing but reasoning is left out, as servers refuse one without content.
        """
        cleaned = []
        for message in messages:
            if message.get("role") == "assistant":
                if not self.keeps_reasoning:
                    message = _without_reasoning(message)
                if message.get("tool_calls"):
                    message = {**message, "tool_calls": [self._call(one) for one in message["tool_calls"]]}
                elif not message.get("content") and not any(message.get(name) for name in REASONING):
                    self.counts["recorded answers of nothing but reasoning, which are left out"] += 1
                    continue
            cleaned.append(message)
        return tuple(cleaned)

    def _call(self, call: Message) -> Message:
        function = call.get("function", {})
        arguments = function.get("arguments", "")
        if isinstance(arguments, dict):
            return {**call, "function": {**function, "arguments": json.dumps(arguments)}}
        if parsed_arguments(arguments) is None:
            self.counts["tool calls whose arguments are not a JSON object, which are sent with {}"] += 1
            return {**call, "function": {**function, "arguments": "{}"}}
        return call

    def _count_unsent(self, turn: Turn) -> None:
        if turn.tools:
            self.counts[f"requests with tools, which {self.backend.family} does not take"] += 1
        parts = [part for one in turn.messages for part in _parts(one) if not is_text(part)]
        if parts:
            self.counts[f"parts other than text, which {self.backend.family} does not take"] += len(parts)


def _without_reasoning(message: Message) -> Message:
    """An answer without its reasoning, in fields of its own or in <think> blocks."""
    kept = {name: value for name, value in message.items() if name not in REASONING}
    content = kept.get("content")
    if isinstance(content, str):
        kept["content"] = bare(content)
    elif isinstance(content, list):
        kept["content"] = [
            {**part, "text": bare(part["text"])}
            if isinstance(part, dict) and isinstance(part.get("text"), str)
            else part
            for part in content
            if not (isinstance(part, dict) and part.get("type") in ("thinking", "redacted_thinking"))
        ]
    return kept


def _parts(message: Message) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _filled(value: Any, answers: Iterator[str]) -> Any:
    """`value` with the next of `answers` in each place for one."""
    if isinstance(value, str):
        pieces = value.split(ANSWER)
        return pieces[0] + "".join(next(answers, "") + piece for piece in pieces[1:])
    if isinstance(value, dict):
        return {name: _filled(one, answers) for name, one in value.items()}
    return [_filled(one, answers) for one in value] if isinstance(value, list) else value
