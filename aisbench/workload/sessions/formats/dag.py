"""AIPerf's `dag_jsonl`: conversations that start others, as forks with their history or as spawns without.

    {"session_id": "root", "turns": [{"messages": [...], "spawns": ["a", "b"]}, {"messages": [...]}]}
    {"session_id": "a", "turns": [{"messages": [...]}]}

A conversation that no other starts is the root of a session; the others become turns of each session that starts them.
A missing line would change who starts whom, so any bad line refuses the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from aisbench.workload.files.bad_lines import BadLine, shortened, whole_number
from aisbench.workload.files.dataset_files import json_lines
from aisbench.workload.sessions.formats.aiperf import check_once
from aisbench.workload.sessions.found import (
    Found,
    entry_of,
    extra_of,
    length_of,
    list_of,
    messages_of,
    name_of,
    seconds_of,
    text_in,
    tools_of,
)
from aisbench.workload.sessions.session import Message, Session, Turn

_OF_TALK = (
    *("session_id", "turns", "context_mode", "pre_session_spawns", "orchestrator", "spawns", "rounds"),
    *("think_time_ms",),
)
_OF_TURN = ("messages", "model", "max_tokens", "tools", "extra", "delay", "forks", "spawns")
_MODES = ("deltas_without_responses", "deltas_with_responses", "message_array_with_responses")
# Rounds and children that are started more than once multiply.
_MOST_TURNS = 100_000
_MS = 1e-3


@dataclass(frozen=True)
class _Start:
    """Conversations that begin once a turn has ended. `join_at`: the parent's turn that waits for them; None: the next."""

    children: tuple[str, ...]
    join_at: int | None = None
    background: bool = False


@dataclass
class _Talk:
    """One line of the file."""

    name: str
    number: int
    turns: list[Turn]
    forks: list[list[_Start]]
    spawns: list[list[_Start]]
    before: list[_Start]
    rounds: list[_Start]
    think_s: float
    keeps_history: bool
    children: set[str] = field(default_factory=set)


def read_dag(path: Path, found: Found) -> None:
    """Adds a session for each root; see above."""
    talks: dict[str, _Talk] = {}
    names: set[str] = set()
    for number, parse in json_lines(path, "dag_jsonl"):
        try:
            talk = _talk_of(parse(), number, found)
            check_once(talk.name, names)
            talks[talk.name] = talk
        except BadLine as problem:
            found.bad.add(number, problem)
    if found.bad.count:
        found.bad.used = len(talks)
        return
    _check_children(talks, found)
    started = {child for talk in talks.values() for child in talk.children}
    for talk in talks.values():
        if talk.name not in started and not found.bad.count:
            try:
                found.add(_Laid(talks).session(talk))
            except BadLine as problem:
                found.bad.add(talk.number, problem)
            except RecursionError:
                found.bad.add(talk.number, BadLine("conversations that start others are nested too deeply"))
    found.bad.used = len(talks)


def _check_children(talks: Mapping[str, _Talk], found: Found) -> None:
    """Names children that are not there, that two turns fork, and conversations that start each other."""
    forked: set[str] = set()
    for talk in talks.values():
        forks = [child for starts in talk.forks for one in starts for child in one.children]
        for child in sorted(talk.children):
            if child not in talks:
                found.bad.add(talk.number, BadLine(f"it starts {shortened(child)}, which is not in the file"))
        for child in forks:
            if child in forked:
                found.bad.add(talk.number, BadLine(f"{shortened(child)} is forked a second time"))
            forked.add(child)
    if found.bad.count:
        return
    try:
        TopologicalSorter({name: talk.children for name, talk in talks.items()}).prepare()
    except CycleError as problem:
        circle = problem.args[1]
        named = " starts ".join(map(shortened, reversed(circle)))
        found.bad.add(talks[circle[0]].number, BadLine(f"conversations that start each other: {named}"))


def _talk_of(row: dict[str, Any], number: int, found: Found) -> _Talk:
    found.note_unused(row, _OF_TALK)
    mode = row.get("context_mode") or _MODES[0]
    if mode not in _MODES:
        raise BadLine(
            f"context_mode is {shortened(mode)}; known: {', '.join(_MODES)}", "an unknown context_mode"
        )
    rows = (
        [entry_of(one) for one in list_of(row, "turns")] if row.get("turns") or not row.get("spawns") else []
    )
    turns: list[Turn] = []
    for one in rows:
        found.note_unused(one, _OF_TURN, "turns.")
        turns.append(_turn_of(one))
    if mode == _MODES[1]:
        turns = _with_answers(turns)
    talk = _Talk(
        name_of(row, "session_id"),
        number,
        turns,
        [list(_starts(one, "forks", "child")) for one in rows],
        [list(_starts(one, "spawns", "children")) for one in rows],
        list(_starts(row, "pre_session_spawns", "children")),
        list(_rounds(row)),
        seconds_of(row, "think_time_ms", _MS),
        mode != _MODES[2],
    )
    for i, starts in enumerate(talk.spawns):
        for start in starts:
            if start.join_at is not None and not i < start.join_at < len(rows):
                raise BadLine(
                    f"join_at is {start.join_at}, not a turn after {i}, which spawns", "a bad join_at"
                )
    for i, starts in enumerate(talk.forks):
        if any(not start.background for start in starts) and i + 1 < len(rows):
            raise BadLine(
                f'turn {i} ends in forks, but turns follow it; make the forks "background": true',
                "turns after forks",
            )
    every = [*talk.before, *talk.rounds, *(one for starts in (*talk.forks, *talk.spawns) for one in starts)]
    talk.children = {child for start in every for child in start.children}
    return talk


def _turn_of(row: Mapping[str, Any]) -> Turn:
    return Turn(
        messages_of(row.get("messages")),
        tools=tools_of(row),
        extra=extra_of(row),
        output_tokens=length_of(row, "max_tokens"),
        think_s=seconds_of(row, "delay", _MS),
        model=text_in(row, "model"),
    )


def _with_answers(turns: list[Turn]) -> list[Turn]:
    """The answers that each turn's messages begin with go to the turn before."""
    found: list[Turn] = []
    for turn in turns:
        answers: list[Message] = []
        while (
            found and len(answers) < len(turn.messages) and turn.messages[len(answers)]["role"] == "assistant"
        ):
            answers.append(turn.messages[len(answers)])
        if answers:
            found[-1] = replace(found[-1], answer=tuple(answers))
        found.append(replace(turn, messages=turn.messages[len(answers) :]))
    return found


def _starts(row: Mapping[str, Any], name: str, children: str) -> Iterator[_Start]:
    """The entries of forks or spawns: names, or objects with `children` or `child`."""
    for one in list_of(row, name) if row.get(name) else ():
        if not isinstance(one, dict):
            yield _Start((name_of({name: one}, name),))
            continue
        given = one.get(children)
        many = given if isinstance(given, list) else [given]
        join_at = one.get("join_at")
        yield _Start(
            tuple(name_of({children: child}, children) for child in many),
            None if join_at is None else whole_number(join_at, "join_at", 0),
            one.get("background") is True,
        )


def _rounds(row: Mapping[str, Any]) -> Iterator[_Start]:
    """What an orchestrator starts, round by round."""
    rounds = row.get("rounds")
    if isinstance(rounds, list):
        for one in rounds:
            yield _Start(
                tuple(
                    child
                    for start in _starts(entry_of(one), "spawns", "children")
                    for child in start.children
                )
            )
        return
    for _ in range(1 if rounds is None else whole_number(rounds, "rounds", 1)):
        starts = list(_starts(row, "spawns", "children"))
        if starts:
            yield _Start(tuple(child for start in starts for child in start.children))


class _Laid:
    """The turns of one session, with those of all conversations that its root starts."""

    def __init__(self, talks: Mapping[str, _Talk]) -> None:
        self.talks = talks
        self.turns: list[Turn] = []
        self.agents = 0

    def session(self, root: _Talk) -> Session:
        self.lay(root, None, ())
        if self.agents == 1:
            self.turns = [replace(turn, agent=None) for turn in self.turns]
        return Session(root.name, tuple(self.turns))

    def lay(self, talk: _Talk, base: int | None, after: tuple[int, ...], starter: int = -1) -> list[int]:
        """Adds a conversation whose first turn continues `base` and waits for `after`; the turns that end it.

        `starter`: the number of the conversation that starts it; -1: none does.
        """
        number = self.agents
        self.agents += 1
        for start in talk.before:
            self.all_of(start, None, after, number)
        for start in talk.rounds:
            pause = talk.think_s if after else 0.0
            after = tuple(self.all_of(start, None, after, number, pause)) or after
        ends: list[int] = []
        joins: dict[int, list[int]] = {}
        for i, turn in enumerate(talk.turns):
            waits = (*(after if i == 0 else ()), *joins.get(i, ()))
            kept = base if i == 0 or talk.keeps_history else None
            if kept is None and base is not None:
                waits = (*waits, base)
            waits = tuple(sorted(set(waits) - {kept}))
            at = self.add(replace(turn, base=kept, after=waits, agent=(number, starter)))
            for start in talk.spawns[i]:
                ended = self.all_of(start, None, (at,), number)
                joins.setdefault(i + 1 if start.join_at is None else start.join_at, []).extend(ended)
            for start in talk.forks[i]:
                ended = self.all_of(start, at, (), number)
                ends += [] if start.background else ended
            base = at
        # Children of the last turn belong to the conversation: who waits for it waits for them.
        ends += joins.get(len(talk.turns), [])
        return sorted(set(ends)) or ([base] if talk.turns and base is not None else list(after))

    def all_of(
        self, start: _Start, base: int | None, after: tuple[int, ...], starter: int, pause: float = 0.0
    ) -> list[int]:
        ends: list[int] = []
        for child in start.children:
            first = len(self.turns)
            ends += self.lay(self.talks[child], base, after, starter)
            if pause and first < len(self.turns):
                self.turns[first] = replace(self.turns[first], think_s=self.turns[first].think_s + pause)
        return ends

    def add(self, turn: Turn) -> int:
        if len(self.turns) >= _MOST_TURNS:
            raise BadLine(f"it starts conversations with more than {_MOST_TURNS:,} turns in all")
        self.turns.append(turn)
        return len(self.turns) - 1
