"""A question with a known answer, what a model answered, and how that was scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Question:
    """One question of a task, ready to be sent.

    `messages`: as a chat (`{"role": ..., "content": ...}`); `prompt`: the same as one text, for APIs without roles.
    `gold`: the known answer, any JSON value. `subset`: the part of the data set it belongs to, such as a subject; empty
    where there are no parts. `body`: request fields beside the prompt, such as `tools`. `facts`: what else scoring needs,
    such as unit tests, as JSON values.
    """

    messages: tuple[Mapping[str, Any], ...]
    prompt: str
    gold: Any
    subset: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of_text(text: str, gold: Any, **others: Any) -> Question:
        """One that is the same text for both kinds of API."""
        return Question(({"role": "user", "content": text},), text, gold, **others)


@dataclass(frozen=True)
class Answer:
    """What a model answered.

    `text` has no reasoning that the server sent apart; that is in `reasoning`. `finish`: stop, length (cut at the length
    limit), or other. `tool_calls`: as the chat API has them, with `function.name` and `function.arguments`.
    """

    text: str
    reasoning: str = ""
    finish: str = "stop"
    tool_calls: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Scored:
    """How an answer was scored.

    `extracted`: what was compared, as text; None where no answer was found. `score`: 0 to 1; `correct`: whether it counts
    as right. `rule`: the name of the rule that found the answer; `sure`: False where that rule guesses. `why`:
    what is wrong with the answer, where scoring knows, such as the test that failed. `parts`: other metrics of the task by
    name, each with its values for this answer, 0 to 1; over a data set a metric is the mean of all its values.
    """

    extracted: str | None
    correct: bool
    score: float
    rule: str
    sure: bool = True
    why: str = ""
    parts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
