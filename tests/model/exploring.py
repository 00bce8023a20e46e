"""Explores every state that a model of several processes can reach, in every order of their steps."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

State = TypeVar("State", bound=Hashable)


class Violated(AssertionError):
    """A state that must not be reachable is; `path` are the steps to it from the start."""

    def __init__(self, what: str, path: list[str]) -> None:
        super().__init__(f"{what}, after: {', '.join(path)}")
        self.path = path


def explore(
    start: State,
    steps: Callable[[State], Iterable[tuple[str, State]]],
    check: Callable[[State], str | None],
    ends: Callable[[State], str | None],
    by_chance: Callable[[str], bool],
) -> int:
    """Follows all `steps(state)`, each a name and the state after it, breadth first; the number of states.

    Raises Violated, with a shortest path, where `check(state)` says what is wrong; where nothing more happens by itself
    and `ends(state)` says what is wrong; and where no end can be reached. Steps that happen `by_chance` may never come.
    """
    came: dict[State, tuple[State, str] | None] = {start: None}
    before: dict[State, list[State]] = {}
    ended: list[State] = []
    queue = [start]
    for state in queue:
        if (wrong := check(state)) is not None:
            raise Violated(wrong, _path(state, came))
        goes_on = False
        for name, after in steps(state):
            if not by_chance(name):
                goes_on = True
                before.setdefault(after, []).append(state)
            if after not in came:
                came[after] = (state, name)
                queue.append(after)
        if not goes_on:
            if (wrong := ends(state)) is not None:
                raise Violated(wrong, _path(state, came))
            ended.append(state)
    can_end = set(ended)
    for state in ended:
        fresh = [one for one in before.get(state, ()) if one not in can_end]
        can_end.update(fresh)
        ended.extend(fresh)
    for state in queue:
        if state not in can_end:
            raise Violated("it goes on for ever", _path(state, came))
    return len(queue)


def _path(state: State, came: dict[State, tuple[State, str] | None]) -> list[str]:
    names: list[str] = []
    while (link := came[state]) is not None:
        state, name = link
        names.append(name)
    return names[::-1]
