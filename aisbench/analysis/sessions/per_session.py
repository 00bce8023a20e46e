"""The figures of each session of a run, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.latencies import Latencies
from aisbench.analysis.tokens import TokenCounts
from aisbench.records.run import Run

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# `outcome` is an index into this.
OUTCOMES = ("completed", "failed", "cut")


@dataclass(frozen=True)
class PerSession:
    """The sessions that began, by number; every column has shape (sessions,).

    `planned`: turns; -1: not known. `cut`: turns that neither completed nor failed, such as those cut off by the end of
    the run. `not_sent`: planned turns without a request; -1: not known. `outcome`: all planned turns completed, one
    failed, or neither. Times are ns since the run's start; `end_ns` is the end of the last answer.

    `waiting_ns`: users thought or tools ran, and no request of the session was in flight. `queued_ns`: the next turn was
    due, but waited for an in-flight slot. Tokens are those of completed turns; `cached_tokens`: -1: no usage gave it.
    Latencies are in ms, nan if not measured; `later_ttft_ms` is the mean over the turns after the first, `e2el_ms` the sum.
    `context_tokens`: prompt and answer of the turn that was completed last.
    """

    number: Ints
    planned: Ints
    completed: Ints
    failed: Ints
    cut: Ints
    not_sent: Ints
    outcome: Ints
    begin_ns: Ints
    end_ns: Ints
    waiting_ns: Ints
    queued_ns: Ints
    prompt_tokens: Ints
    output_tokens: Ints
    cached_tokens: Ints
    context_tokens: Ints
    first_ttft_ms: Floats
    later_ttft_ms: Floats
    e2el_ms: Floats

    @staticmethod
    def of(run: Run, tokens: TokenCounts, latencies: Latencies) -> PerSession | None:
        """None if the run has no sessions, or none began."""
        rows = run.rows
        if not run.has_conversations:
            return None
        mine = np.flatnonzero(rows["conversation"] >= 0)
        if len(mine) == 0:
            return None
        number, index = np.unique(rows["conversation"][mine].astype(np.int64), return_inverse=True)

        def total(values: NDArray[np.generic]) -> Ints:
            sums: Ints = np.rint(np.bincount(index, values, len(number))).astype(np.int64)
            return sums

        everything_ok = run.has_status("ok")
        ok, failed = everything_ok[mine], run.has_status("failed")[mine]
        begin, end = _spans(run, mine)
        completed, turns, failures = total(ok), total(np.ones(len(mine))), total(failed)
        plan = run.turn_plan
        planned = np.full(len(number), -1) if plan is None else plan.lengths(number)
        whole = completed == np.where(planned < 0, turns, planned)
        prompt, output = tokens.prompt[mine], tokens.output[mine]
        told = ok & (rows["cached_tokens"][mine] >= 0)
        ttft, e2el = (
            _of_rows(latencies[name] if name == "e2el" or run.streams else None, everything_ok)[mine]
            for name in ("ttft", "e2el")
        )
        is_first = rows["turn"][mine] == 0
        waiting, queued = _pauses(index, begin, end, rows["planned_ns"][mine] - run.start_ns)
        return PerSession(
            number=number,
            planned=planned,
            completed=completed,
            failed=failures,
            cut=turns - completed - failures,
            not_sent=np.where(planned < 0, -1, planned - turns),
            outcome=np.where(whole, 0, np.where(failures > 0, 1, 2)),
            begin_ns=_each(np.minimum, index, begin, len(number)),
            end_ns=_each(np.maximum, index, end, len(number)),
            waiting_ns=total(waiting),
            queued_ns=total(queued),
            prompt_tokens=total(prompt),
            output_tokens=total(output),
            cached_tokens=np.where(
                total(told) > 0, total(np.where(told, rows["cached_tokens"][mine], 0)), -1
            ),
            context_tokens=_last(index, np.where(ok, end, -1), np.where(ok, prompt + output, 0), len(number)),
            first_ttft_ms=_mean(index, np.where(is_first, ttft, np.nan), len(number)),
            later_ttft_ms=_mean(index, np.where(is_first, np.nan, ttft), len(number)),
            e2el_ms=_sum(index, e2el, len(number)),
        )

    def __len__(self) -> int:
        return len(self.number)

    @property
    def turns(self) -> Ints:
        """The turns that were asked."""
        return self.completed + self.failed + self.cut

    @property
    def duration_ns(self) -> Ints:
        return self.end_ns - self.begin_ns

    def in_progress(self, duration_ns: int) -> InFlight:
        """The sessions between their first send and their last answer over time."""
        return InFlight.of_spans(self.begin_ns.copy(), self.end_ns.copy(), duration_ns)


def _spans(run: Run, mine: Ints) -> tuple[Ints, Ints]:
    """When each of the rows `mine` was sent (or taken, if it never was) and ended, ns since the start."""
    sent, done = run.rows["sent_ns"][mine], run.rows["done_ns"][mine]
    begin = np.where(sent > 0, sent, run.rows["taken_ns"][mine]) - run.start_ns
    return begin, np.maximum(begin, np.where(done > 0, done - run.start_ns, run.duration_ns))


def _of_rows(values: Floats | None, ok: NDArray[np.bool_]) -> Floats:
    """`values` of the succeeded requests as a column of all rows, nan for the others."""
    found = np.full(len(ok), np.nan)
    if values is not None:
        found[ok] = values
    return found


def _pauses(index: Ints, begin: Ints, end: Ints, planned: Ints) -> tuple[Ints, Ints]:
    """For each row, how long nothing of its session was in flight before it: until it was due, and from then on."""
    order = np.lexsort((begin, index))
    # The latest end so far within each session: of ranks, offset by session so that a new one starts over.
    ascending = np.argsort(end, kind="stable")
    rank = np.empty(len(end), np.int64)
    rank[ascending] = np.arange(len(end))
    latest = np.maximum.accumulate(index[order] * len(end) + rank[order]) % len(end)
    before = np.append(0, end[ascending][latest][:-1])
    same = np.concatenate([[False], np.diff(index[order]) == 0])
    gap = np.where(same, np.maximum(begin[order] - before, 0), 0)
    waiting = np.clip(planned[order] - before, 0, gap)
    found = np.empty((2, len(end)), np.int64)
    found[0, order], found[1, order] = waiting, gap - waiting
    return found[0], found[1]


def _each(of: np.ufunc, index: Ints, values: Ints, count: int) -> Ints:
    """The least or greatest (`of`) value of each session."""
    found = np.full(count, np.iinfo(np.int64).max if of is np.minimum else np.iinfo(np.int64).min)
    of.at(found, index, values)
    return found


def _last(index: Ints, moments: Ints, values: Ints, count: int) -> Ints:
    """The value of each session's row with the latest moment."""
    order = np.lexsort((moments, index))
    found = np.zeros(count, np.int64)
    found[index[order]] = values[order]
    return found


def _sum(index: Ints, values: Floats, count: int) -> Floats:
    """The sum of each session's values that are not nan."""
    sums: Floats = np.bincount(index, np.nan_to_num(values), count).astype(np.float64)
    return sums


def _mean(index: Ints, values: Floats, count: int) -> Floats:
    """The mean of each session's values that are not nan; nan if there are none."""
    counts = np.bincount(index[~np.isnan(values)], minlength=count)
    found = np.full(count, np.nan)
    np.divide(_sum(index, values, count), counts, out=found, where=counts > 0)
    return found
