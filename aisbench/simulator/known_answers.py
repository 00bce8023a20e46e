"""Answers to known questions, which the simulator gives instead of random words (--answers)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from aisbench.accuracy.files import need_texts, numbered
from aisbench.errors import BadInput

# Questions are looked up by their first characters, at most so many.
_HEAD = 24
# A word with the white space before it; what the text ends with belongs to the last one.
_WORD = re.compile(r"\s*\S+(?:\s+\Z)?")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NEXT = str.maketrans(
    f"0123456789{_LETTERS}{_LETTERS.upper()}",
    f"1234567890{_LETTERS[1:]}a{_LETTERS[1:].upper()}A",
)


class KnownAnswer:
    """The tokens of one answer. `plain`: their texts; `escaped`: the same as they stand in JSON."""

    __slots__ = ("escaped", "longest", "plain")

    def __init__(self, words: list[str]) -> None:
        self.plain = [word.encode() for word in words]
        self.escaped = [orjson.dumps(word)[1:-1] for word in words]
        self.longest = max(map(len, self.escaped))

    @staticmethod
    def of(text: str) -> KnownAnswer:
        return KnownAnswer(_WORD.findall(text))

    def wrong_from(self, index: int) -> KnownAnswer:
        """The same up to token `index`; from there on each letter and digit is the next one."""
        words = [word.decode() for word in self.plain]
        return KnownAnswer([*words[:index], *(word.translate(_NEXT) for word in words[index:])])


class KnownAnswers:
    """Finds the question that a request asks."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = {question: KnownAnswer.of(answer) for question, answer in answers.items()}
        self.head = min([_HEAD, *map(len, answers)])
        self.by_head: dict[str, list[str]] = {}
        for question in answers:
            self.by_head.setdefault(question[: self.head], []).append(question)

    @staticmethod
    def read(path: str) -> KnownAnswers:
        """Raises BadInput, naming the line, for a file without questions and answers."""
        try:
            found = {}
            for place, row in numbered(Path(path), "question", "answer"):
                need_texts(place, row, "question", "answer")
                question, answer = row["question"].strip(), row["answer"]
                if not question or not answer.strip():
                    raise BadInput(f"{place}: 'question' or 'answer' is empty; give a text")
                found[question] = answer
        except BadInput as problem:
            raise BadInput(f"--answers: {problem}") from None
        return KnownAnswers(found)

    def answer_to(self, body: Any) -> KnownAnswer | None:
        """The answer to the last question in a request's body, since solved examples stand before it; None where there is
        none that is known."""
        for text in reversed(list(_texts_in(body))):
            # A question may also be the end of another, longer one.
            ends = [
                (at + len(question), len(question), question)
                for at in range(len(text) - self.head + 1)
                for question in self.by_head.get(text[at : at + self.head], ())
                if text.startswith(question, at)
            ]
            if ends:
                return self.answers[max(ends)[2]]
        return None


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts_in(one)
