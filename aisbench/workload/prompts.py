"""What a data set gives: prompts one after another, and what is to be said about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aisbench.backends.prompt import Prompt


@dataclass(frozen=True)
class Prompts:
    """`items` makes each prompt when it is asked for; `notes` is complete once the last one was."""

    items: Iterator[Prompt]
    notes: list[str] = field(default_factory=list)
