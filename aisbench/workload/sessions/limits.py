"""Chooses the sessions and turns of a run: --turns, --max-context and --num-requests."""

from __future__ import annotations

from collections.abc import Iterable

from aisbench.workload.options import WorkloadOptions
from aisbench.workload.sessions.lengths import Lengths, lengths_of
from aisbench.workload.sessions.session import Session, kept
from aisbench.workload.tokens.token_counts import TokenCounter

Chosen = list[tuple[Session, Lengths | None]]


def chosen(
    sessions: Iterable[Session],
    most: int | None,
    options: WorkloadOptions,
    counter: TokenCounter,
    notes: list[str],
) -> Chosen:
    """Sessions of at most --turns turns each and `most` turns in all (None: all of them); the last is cut to fit.

    With --max-context, they come with their lengths, which had to be counted for it.
    """
    found: Chosen = []
    cut = _Cut()
    left = most
    for one in sessions:
        session = one if options.turns is None else one.first(options.turns)
        lengths = None
        if options.max_context is not None:
            session, lengths = cut.within(session, options.max_context, counter, options)
            if not session.turns:
                continue
        if left is not None:
            session = session.first(left)
            left -= len(session.turns)
        found.append((session, lengths))
        if left == 0:
            break
    if cut.turns:
        notes.append(
            f"--max-context: {cut.turns:,} turns of {cut.sessions:,} sessions are left out, as they or a turn that they "
            f"continue would pass {options.max_context:,} tokens; {cut.whole:,} sessions have no turn left"
        )
    return found


class _Cut:
    """Leaves out turns whose prompt and answer are too long together, and counts them."""

    def __init__(self) -> None:
        self.turns = self.sessions = self.whole = 0

    def within(
        self, session: Session, most: int, counter: TokenCounter, options: WorkloadOptions
    ) -> tuple[Session, Lengths]:
        lengths = lengths_of(session, counter, options)
        out: set[int] = set()
        for i, turn in enumerate(session.turns):
            needed = {*turn.quotes, *(() if turn.base is None else (turn.base,))}
            # Bodies that are sent as they are hold their whole history, so they continue what they wait for.
            needed |= set(turn.after) if turn.body is not None else set()
            if lengths.prompt[i] + (lengths.output[i] or 0) > most or needed & out:
                out.add(i)
        if not out:
            return session, lengths
        stay = [i for i in range(len(session.turns)) if i not in out]
        self.turns += len(out)
        self.sessions += 1
        self.whole += not stay
        return kept(session, stay), Lengths(
            [lengths.prompt[i] for i in stay], [lengths.output[i] for i in stay]
        )
