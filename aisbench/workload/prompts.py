"""The prompts of a data set, one after another, with the times at which they are due and notes on them."""

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
    """How `count` prompts belong together: each conversation's turns stand one after another.

    `first`: int64, shape (conversations + 1,): the index of each one's first prompt, and `count` at
    the end. `think_ns`: int64, shape (count,): how long after the answer before a turn is sent; that
    of first turns is not used.
    """

    first: NDArray[np.int64]
    think_ns: NDArray[np.int64]


@dataclass(frozen=True)
class Prompts:
    """`items` makes each of `count` prompts when it is asked for; `notes` is complete once the last was.

    `arrivals_ns`: when each is due, int64, shape (count,), ascending from the start; None: the run's
    own plan says so. `conversations`: the prompts are turns of these; an earlier answer stands in them
    as prompt.ANSWER. `stdlib_random`, `legacy_random`: the states in which vLLM's client would leave
    Python's and NumPy's global generators, from which it then draws LoRA modules and arrivals; None:
    freshly seeded. The first is final at once, the second when the last item was made.

    `ignores_eos`: see registry.Dataset, where this is None. `rows`: how many rows of the data set's file are
    used and left out, see BadLines.facts; None: there is no file, or it has no rows. `questions`: the fields of an
    accuracy.Question for each distinct prompt; prompt i asks question i modulo their number. None: no answer is known.
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
