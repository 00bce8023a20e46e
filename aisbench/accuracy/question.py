"""A question with a known answer, a model's answer to it, and the score of that answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Question:
    """One question of a task, ready to be sent.

    `messages`: the question as a chat (`{"role": ..., "content": ...}`); `prompt`: as one text, for APIs without roles.
    `gold`: the known answer, any JSON value. `subset`: the part of the data set to which it belongs, such as a subject;
    may be empty. `body`: other fields of the request, such as `tools`. `facts`: other JSON values that scoring needs,
    such as unit tests.
    """

    messages: tuple[Mapping[str, Any], ...]
    prompt: str
    gold: Any
    subset: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of_text(text: str, gold: Any, **others: Any) -> Question:
        """A question that is the same text for both kinds of API."""
        return Question(({"role": "user", "content": text},), text, gold, **others)


@dataclass(frozen=True)
class Answer:
    """A model's answer.

    `text`: the output, without the reasoning that the server sent separately, which is in `reasoning`. `finish`: stop,
    length (cut at the length limit), or other. `tool_calls`: in the chat API's form, with `function.name` and
    `function.arguments`.
    """

    text: str
    reasoning: str = ""
    finish: str = "stop"
    tool_calls: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Scored:
    """The score of an answer.

    `extracted`: the text that was compared; None if no answer was found. `score`: 0 to 1; `correct`: whether the answer
    counts as right. `rule`: the name of the rule that found the answer; `sure`: False if that rule guesses. `why`: what
    is wrong with the answer, if known, such as the test that failed. `parts`: the task's other metrics by name, each
    with its values for this answer, 0 to 1; over a data set, a metric is the mean of all its values.
    """

    extracted: str | None
    correct: bool
    score: float
    rule: str
    sure: bool = True
    why: str = ""
    parts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
