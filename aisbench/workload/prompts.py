"""The prompts of a data set, with the times at which they are due and notes for the user."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.prompt import Prompt


@dataclass(frozen=True)
class Conversations:
    """Groups `count` prompts into conversations, whose turns follow one another.

    `first`: int64, shape (conversations + 1,): the index of each conversation's first prompt, and `count` at the
    end. `think_ns`: int64, shape (count,): the pause between the previous answer and a turn; ignored for first
    turns.
    """

    first: NDArray[np.int64]
    think_ns: NDArray[np.int64]


@dataclass(frozen=True)
class Prompts:
    """`items` makes `count` prompts one by one; `notes` is complete once the last one has been made.

    `arrivals_ns`: when each is due, in ns from the start, int64, shape (count,), ascending; None: the run's arrival
    plan decides. `conversations`: the conversations that the prompts are turns of; prompt.ANSWER stands for earlier
    answers. `stdlib_random`, `legacy_random`: the states in which vLLM's client would leave Python's and NumPy's
    global generators, from which it then draws LoRA modules and arrivals; None: freshly seeded. The first is
    final at once, the second after the last item has been made.

    `ignores_eos`: replaces registry.Dataset.ignores_eos unless None. `rows`: how many rows of the data set's file
    are used and left out, see BadLines.facts; None: there is no file, or it has no rows. `questions`: the fields of
    an accuracy.Question for each distinct prompt, where prompt i asks question i modulo their number; None: no
    answers are known.
    """

    items: Iterator[Prompt]
    count: int
    notes: list[str] = field(default_factory=list)
    arrivals_ns: NDArray[np.int64] | None = None
    conversations: Conversations | None = None
    stdlib_random: random.Random | None = None
    legacy_random: np.random.RandomState | None = None
    ignores_eos: bool | None = None
    rows: dict[str, Any] | None = None
    questions: list[dict[str, Any]] | None = None
