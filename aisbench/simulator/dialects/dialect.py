"""A dialect: how a request is read, answered, and refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aisbench.simulator.asked import Asked, Fields, Refusal
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.model.parameters import Parameters


@dataclass(frozen=True)
class Way:
    """What the path of a request says: the model, and whether to stream; None: the body says it."""

    model: str | None = None
    stream: bool | None = None


@dataclass(frozen=True)
class Dialect:
    """One API family.

    `parse` takes a body apart; it raises Refusal. `answer` makes the answer from (what was asked, number,
    created, parameters). `refuse` gives status and JSON body of a refusal in this server's words.
    """

    parse: Callable[[Fields, Way, Parameters], Asked]
    answer: Callable[[Asked, int, int, Parameters], Answer]
    refuse: Callable[[Refusal], tuple[int, bytes]]
