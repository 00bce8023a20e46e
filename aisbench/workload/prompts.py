"""The prompts of a data set, with the times at which they are due and notes for the user."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.prompt import Prompt
from aisbench.workload.arrivals.users import asked_turns
from aisbench.workload.cache_hits import PromptBlocks


@dataclass(frozen=True)
class Conversations:
    """Groups `count` prompts into conversations, whose turns wait for one another.

    `first`: int64, shape (conversations + 1,): the index of each conversation's first prompt, and `count` at the
    end. `think_ns`: int64, shape (count,): the pause before a turn, from the end of the last of those that it comes
    after; of a turn that comes after none, from the start of the conversation (ignored if `after` is None).

    `after_first`, shape (count + 1,), and `after`, int64: prompt i goes once the turns `after[after_first[i] :
    after_first[i + 1]]` of its conversation have ended, counted from its first; they stand before it. None: each turn
    comes after the one before, and a failed turn ends the conversation. `fills_first` and `fills`: in the same way, the
    turns whose answers fill the holes of its body, in order. They must all have ended by then. If one has no answer,
    the turn is not sent. None: the answers to all turns before it.

    `not_before_ns`: int64, shape (count,): the earliest time of each prompt, from the start of its conversation, even if
    all that it waits for has ended before. None: there is none.

    `agents`, `starters`: int64, shape (count,): the number of each prompt's agent in its conversation, from 0, and of the
    agent that started it, or -1. None: each conversation has one agent.

    Raises ValueError if these do not fit together.
    """

    first: NDArray[np.int64]
    think_ns: NDArray[np.int64]
    after_first: NDArray[np.int64] | None = None
    after: NDArray[np.int64] | None = None
    fills_first: NDArray[np.int64] | None = None
    fills: NDArray[np.int64] | None = None
    not_before_ns: NDArray[np.int64] | None = None
    agents: NDArray[np.int64] | None = None
    starters: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if self.not_before_ns is not None and len(self.not_before_ns) != len(self.think_ns):
            raise ValueError("the earliest times of the turns do not add up")
        for begin, edges in ((self.after_first, self.after), (self.fills_first, self.fills)):
            if (begin is None) != (edges is None):
                raise ValueError("edges between turns and where those of each turn begin go together")
            if begin is not None and edges is not None:
                self._check_edges(begin, edges)
        if self.after_first is not None and self.after is not None:
            self._check_fills(self.after_first, self.after)

    def by_turn(self, users: int | None = None) -> list[int]:
        """How many conversations have a first turn, a second one and so on. `users`: see asked_turns."""
        turns = np.diff(self.first)
        lengths = np.bincount(turns if users is None else asked_turns(turns, users))
        more: list[int] = np.cumsum(lengths[::-1])[::-1][1:].tolist()
        return more

    def _check_edges(self, begin: NDArray[np.int64], edges: NDArray[np.int64]) -> None:
        count = len(self.think_ns)
        if len(begin) != count + 1 or begin[0] != 0 or begin[-1] != len(edges) or (np.diff(begin) < 0).any():
            raise ValueError("the edges between turns do not add up")
        turn = np.arange(count) - np.repeat(self.first[:-1], np.diff(self.first))
        wrong = np.flatnonzero((edges < 0) | (edges >= np.repeat(turn, np.diff(begin))))
        if len(wrong):
            at = int(np.searchsorted(begin, wrong[0], side="right")) - 1
            raise ValueError(f"turn {turn[at]} of a conversation cannot come after turn {edges[wrong[0]]}")

    def _check_fills(self, after_first: NDArray[np.int64], after: NDArray[np.int64]) -> None:
        """Raises ValueError if a turn repeats an answer that it does not wait for."""
        for begin, end in pairwise(self.first.tolist()):
            # The turns that have ended when a turn goes, as bits.
            ended: list[int] = []
            for i in range(begin, end):
                before = 0
                for turn in after[after_first[i] : after_first[i + 1]].tolist():
                    before |= ended[turn] | 1 << turn
                ended.append(before)
                if self.fills_first is None or self.fills is None:
                    needed = (1 << (i - begin)) - 1
                else:
                    needed = sum(
                        {1 << t for t in self.fills[self.fills_first[i] : self.fills_first[i + 1]].tolist()}
                    )
                if needed & ~before:
                    raise ValueError(
                        f"turn {i - begin} of a conversation repeats an answer that it does not wait for"
                    )


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
    answers are known. `blocks`: the prompts' blocks by the ids that a trace has for them; None: it has none.
    `fill`: prompts that are sent before the run, unmeasured, so that the server's prefix cache holds them.
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
    blocks: PromptBlocks | None = None
    fill: tuple[Prompt, ...] = ()
