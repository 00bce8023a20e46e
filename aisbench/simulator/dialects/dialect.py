"""A dialect: how one API parses, answers and refuses requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aisbench.simulator.asked import Asked, Fields, Refusal
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.model.parameters import Parameters


@dataclass(frozen=True)
class Way:
    """What the path of a request determines: the model, and whether to stream. None: the body determines it."""

    model: str | None = None
    stream: bool | None = None


@dataclass(frozen=True)
class Dialect:
    """One API family.

    `parse` reads a body, and raises Refusal. `answer` creates the answer from the parsed request, a number, the Unix
    time in s and the parameters. `refuse` returns the status and JSON body of a refusal, as this API words it.
    """

    parse: Callable[[Fields, Way, Parameters], Asked]
    answer: Callable[[Asked, int, int, Parameters], Answer]
    refuse: Callable[[Refusal], tuple[int, bytes]]
