"""Builds questions with solved examples in front, as a chat and as one text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aisbench.accuracy.layout import Layout
from aisbench.accuracy.question import Question
from aisbench.accuracy.task import Source
from aisbench.errors import BadInput


@dataclass(frozen=True)
class Item:
    """A question of a file, with its answer.

    `text`: the question as it is shown; `solved`: the answer to it in a solved example. For the others see Question.
    """

    text: str
    gold: str
    solved: str
    subset: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Instruction:
    """The text before the first question: `alone` without solved examples, `shown` with them.

    Both ask for a form of the last line that the rules of answers find.
    """

    alone: str
    shown: str


def reader(
    layout: Layout, instruction: Instruction, items_in: Callable[[Path], list[Item]]
) -> Callable[[Source], list[Question]]:
    """Returns the `read` of a task with the files of `layout`. `items_in` reads one file, and raises BadInput."""

    def read(source: Source) -> list[Question]:
        items = [item for path in layout.questions_of(source.path) for item in items_in(path)]
        shots = source.shots or 0
        if not shots:
            return [_question(instruction.alone, (), item) for item in items]
        examples = [item for path in layout.examples_of(source.path) for item in items_in(path)]
        return [
            _question(instruction.shown, _chosen(examples, item.subset, shots, layout.names[0]), item)
            for item in items
        ]

    return read


def _chosen(examples: Sequence[Item], subset: str, shots: int, name: str) -> Sequence[Item]:
    """The first `shots` examples of the question's subset, or of all if they have no subset. Raises BadInput."""
    own = [one for one in examples if one.subset in ("", subset)]
    if len(own) < shots:
        of = f"{name}, {subset}," if subset else name
        raise BadInput(
            f"--shots {shots}: {of} has {len(own)} solved examples; use --shots {len(own)} or fewer"
        )
    return own[:shots]


def _question(instruction: str, shots: Sequence[Item], item: Item) -> Question:
    asked = [*(shot.text for shot in shots), item.text]
    asked[0] = f"{instruction}\n\n{asked[0]}"
    solved = [shot.solved for shot in shots]
    messages = []
    for text, answer in zip(asked, solved, strict=False):
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    messages.append({"role": "user", "content": asked[-1]})
    # The text ends with a new line, where a model without roles continues.
    pairs = "".join(f"{text}\n{answer}\n\n" for text, answer in zip(asked, solved, strict=False))
    return Question(tuple(messages), f"{pairs}{asked[-1]}\n", item.gold, subset=item.subset, facts=item.facts)
