"""The result of the rules that extract an answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """`text`: the answer, or None. `rule`: the name of the rule that decided. `sure`: False for a guess."""

    text: str | None
    rule: str
    sure: bool = True


NONE = Found(None, "no answer")
UNFINISHED = Found(None, "unfinished thinking")
