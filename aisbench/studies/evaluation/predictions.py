"""Keeps the answers to a data set's questions in AISBench's file format, and writes them as they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aisbench.accuracy.question import Answer, Question
from aisbench.errors import BadInput
from aisbench.studies.evaluation.folder import EvaluationFolder, read_object
from aisbench.studies.evaluation.pace import Pace

# The index of a question and that of a sample, which is one of several answers to it; both from 0.
Place = tuple[int, int]


class Predictions:
    """`predictions/<model>/<dataset>.json`: each answer with `origin_prompt`, `prediction` and `gold`, by its key.

    The key of question 3 is "3"; its further samples have the keys "3#1", "3#2" and so on.
    """

    def __init__(
        self,
        folder: EvaluationFolder,
        name: str,
        questions: Sequence[Question],
        samples: int,
        *,
        as_chat: bool,
    ):
        self._folder = folder
        self.path = folder.predictions_of(name)
        self._questions = questions
        self._samples = samples
        self._as_chat = as_chat
        self._kept: dict[Place, dict[str, Any]] = {}
        self._pace = Pace(self.write)

    def load(self) -> None:
        """Reads the answers in the file, if there is one. Raises BadInput if they answer other questions."""
        if not self.path.is_file():
            return
        for key, entry in read_object(self.path).items():
            index, sample = _place(key)
            if not self._asks(index, sample):
                continue
            if entry.get("origin_prompt") != self._prompt(self._questions[index]):
                raise BadInput(
                    f"--reuse: {self.path}: question {key} was asked with a different prompt; "
                    "give the same --datasets, --dataset-path and --shots as before, or start a new evaluation"
                )
            self._kept[index, sample] = entry

    @property
    def missing(self) -> list[Place]:
        """The places that have no answer yet, in order."""
        every = ((index, sample) for index in range(len(self._questions)) for sample in range(self._samples))
        return [place for place in every if place not in self._kept]

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def prompts(self) -> dict[Place, Any]:
        """The prompt at each place, as the file has it."""
        return {place: entry["origin_prompt"] for place, entry in self._kept.items()}

    def answers(self) -> dict[Place, Answer]:
        """The answers by place, in order."""
        return {
            place: Answer(
                entry["prediction"],
                entry.get("reasoning", ""),
                entry.get("finish", "stop"),
                tuple(entry.get("tool_calls", ())),
            )
            for place, entry in sorted(self._kept.items())
        }

    def add(self, found: Mapping[Place, Answer]) -> None:
        """Keeps new answers, unless their place already has one, and writes them from time to time."""
        for (index, sample), answer in found.items():
            if (index, sample) in self._kept or not self._asks(index, sample):
                continue
            question = self._questions[index]
            entry: dict[str, Any] = {
                "origin_prompt": self._prompt(question),
                "prediction": answer.text,
                "gold": question.gold,
                "finish": answer.finish,
            }
            if answer.reasoning:
                entry["reasoning"] = answer.reasoning
            if answer.tool_calls:
                entry["tool_calls"] = list(answer.tool_calls)
            self._kept[index, sample] = entry
        self._pace.write_if_due()

    def write(self) -> None:
        """Writes the file, completely or not at all. Answers that are not written yet are in the run's records."""
        self._folder.write({key_of(*place): entry for place, entry in sorted(self._kept.items())}, self.path)

    def _asks(self, index: int, sample: int) -> bool:
        """False for a place that only an earlier evaluation with more questions or samples asked."""
        return 0 <= index < len(self._questions) and sample < self._samples

    def _prompt(self, question: Question) -> Any:
        """The prompt as the file has it: a single user message as its text, several messages as a list."""
        messages = question.messages
        if not self._as_chat:
            return question.prompt
        alone = len(messages) == 1 and messages[0].get("role") == "user"
        return messages[0].get("content") if alone else [dict(message) for message in messages]


def key_of(index: int, sample: int) -> str:
    return f"{index}#{sample}" if sample else str(index)


def _place(key: str) -> Place:
    index, _, sample = key.partition("#")
    try:
        return int(index), int(sample or 0)
    except ValueError:
        return -1, 0
