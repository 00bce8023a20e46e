"""The inner model of all message files: a session and its turns.

A session is the work of one user or agent: requests (turns) that continue, start and wait for one another. A turn's
prompt is the prompt of the turn that it continues (`base`), then that turn's answer, then its own messages. Two turns
with the same base fork the session; a turn that also waits for others (`after`) joins them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, shortened

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Turn:
    """One request. Turns are named by their index in the session, from 0.

    `messages`: the new messages, in the form of OpenAI's chat API. `base`: the turn that this one continues; None: its
    messages are all of its prompt. `after`: further turns that must have ended before it goes. `quotes`: the turns
    whose answers stand where prompt.ANSWER is in `messages`, in order. `answer`: the recorded assistant messages that
    followed; empty: not recorded.

    `output_tokens`: planned length of the answer; None: not known. `think_s`, `tool_s`: the pauses of the user and of
    tools before the turn, from the end of the last turn that it waits for. `at_s`: when it was sent, in s on the file's
    clock. `extra`: merged into the body. `body`: a whole body, which is sent in place of all messages.
    """

    messages: tuple[Message, ...] = ()
    base: int | None = None
    after: tuple[int, ...] = ()
    quotes: tuple[int, ...] = ()
    answer: tuple[Message, ...] = ()
    tools: tuple[Message, ...] = ()
    tool_choice: Any = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    output_tokens: int | None = None
    think_s: float = 0.0
    tool_s: float = 0.0
    at_s: float | None = None
    model: str | None = None
    body: Mapping[str, Any] | None = None

    @property
    def waits_for(self) -> tuple[int, ...]:
        """All turns that must have ended before this one goes, ascending."""
        needed = {*self.after, *self.quotes}
        if self.base is not None:
            needed.add(self.base)
        return tuple(sorted(needed))


@dataclass(frozen=True)
class Session:
    """Turns in an order in which each follows all that it waits for (see `ordered`)."""

    name: str
    turns: tuple[Turn, ...]

    @property
    def is_chain(self) -> bool:
        """Whether each turn just continues the one before it."""
        return all(
            turn.base == (i - 1 if i else None)
            and not turn.quotes
            and turn.waits_for == ((i - 1,) if i else ())
            for i, turn in enumerate(self.turns)
        )

    def first(self, many: int) -> Session:
        """The session cut after its first `many` turns."""
        return self if many >= len(self.turns) else replace(self, turns=self.turns[:many])


def chain(name: str, turns: Sequence[Turn]) -> Session:
    """The session in which each turn continues the one before it."""
    return Session(name, tuple(replace(turn, base=i - 1 if i else None) for i, turn in enumerate(turns)))


def ordered(name: str, turns: Sequence[Turn], names: Sequence[object] | None = None) -> Session:
    """The session of turns in any order, sorted so that each follows what it waits for; else the order stays.

    `names`: what messages call the turns; None: their numbers. Raises BadLine for a turn that waits for itself, over
    other turns or not, or for one that does not exist.
    """
    called = list(range(len(turns))) if names is None else names
    graph = {i: turn.waits_for for i, turn in enumerate(turns)}
    for i, needed in graph.items():
        if any(not 0 <= one < len(turns) for one in needed):
            raise BadLine(f"turn {called[i]} waits for a turn that does not exist")
    try:
        order = _stable(graph)
    except CycleError as problem:
        circle = " waits for ".join(shortened(called[i]) for i in reversed(problem.args[1]))
        raise BadLine(f"turns that wait for each other: {circle}", "turns that wait for each other") from None
    return kept(Session(name, tuple(turns)), order)


def _stable(graph: Mapping[int, tuple[int, ...]]) -> list[int]:
    """A topological order that takes the lowest number that is ready."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    if all(one < i for i, needed in graph.items() for one in needed):
        return list(graph)
    order: list[int] = []
    ready: list[int] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        order.append(ready.pop(0))
        sorter.done(order[-1])
    return order


def kept(session: Session, order: Sequence[int]) -> Session:
    """The session of the turns whose numbers are in `order`, in that order.

    A turn whose base or quoted turn is not kept must not be kept, either. Who waited for another turn that is not kept
    waits for what that one waited for.
    """
    now = {old: new for new, old in enumerate(order)}

    def instead(old: int) -> set[int]:
        if old in now:
            return {now[old]}
        return set().union(*map(instead, session.turns[old].waits_for))

    turns = []
    for old in order:
        turn = session.turns[old]
        turns.append(
            replace(
                turn,
                base=None if turn.base is None else now[turn.base],
                after=tuple(sorted(set().union(*map(instead, turn.after)))),
                quotes=tuple(now[one] for one in turn.quotes),
            )
        )
    return Session(session.name, tuple(turns))


def holes_at_server(session: Session, *, calls_tools: bool) -> list[list[int]]:
    """The same where the server keeps what was said: the results of the base's calls, quotes, and the base's id."""
    return [
        [*([turn.base] * calls_tools), *turn.quotes, turn.base] if turn.base is not None else [*turn.quotes]
        for turn in session.turns
    ]


def holes(session: Session) -> list[list[int]]:
    """For each turn, the turns whose answers its prompt holds, in the order of their places."""
    found: list[list[int]] = []
    for turn in session.turns:
        before = [] if turn.base is None else [*found[turn.base], turn.base]
        found.append([*before, *turn.quotes])
    return found
