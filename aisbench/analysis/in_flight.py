"""Requests in flight as a step function of time, computed exactly from the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.records.run import Run

# Changes that are looked at together: their temporary arrays take about 30 MB.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class InFlight:
    """`counts[i]` requests were in flight from `times_ns[i]` to `times_ns[i + 1]`, ns since the start.

    A request is in flight from just before its send to the end of its response. The function ends at `end_ns`.
    """

    times_ns: NDArray[np.int64]
    counts: NDArray[np.int32]
    end_ns: int

    @staticmethod
    def of(run: Run) -> InFlight:
        return InFlight.of_spans(*_spans(run), run.duration_ns)

    @staticmethod
    def prefilling(run: Run) -> InFlight:
        """The requests in flight that had no first token yet."""
        sent, done = _spans(run)
        first = _column(run, "first_token_ns")
        return InFlight.of_spans(
            sent, np.where(first > 0, np.maximum(first - run.start_ns, 0), done), run.duration_ns
        )

    @staticmethod
    def planned(run: Run) -> InFlight | None:
        """The same, but with each request counted from its planned time; None in a closed loop."""
        if not run.is_open_loop:
            return None
        sent, done = _spans(run)
        due = np.maximum(_column(run, "planned_ns") - run.start_ns, 0)
        np.minimum(due, sent, out=due)
        del sent
        return InFlight.of_spans(due, done, run.duration_ns)

    @staticmethod
    def held(run: Run) -> InFlight:
        """The in-flight slots taken over time.

        With --slots users a conversation keeps one from its first turn to its last, and takes further ones for turns
        that run beside each other.
        """
        sent, done = _spans(run)
        if run.keeps_slots:
            talks, index = np.unique(_column(run, "conversation"), return_inverse=True)
            begin = np.full(len(talks), np.iinfo(np.int64).max)
            end = np.zeros(len(talks), np.int64)
            np.minimum.at(begin, index, sent)
            np.maximum.at(end, index, done)
            if run.left_out:
                # A conversation whose first turn was in the warm-up has had its slot since then.
                begins_here = np.zeros(len(talks), bool)
                begins_here[index[_column(run, "turn") == 0]] = True
                begin[~begins_here] = 0
            more, fewer = _beside_others(index, sent, done)
            sent, done = np.append(begin, more), np.append(end, fewer)
        return InFlight.of_spans(sent, done, run.duration_ns)

    @staticmethod
    def of_spans(sent: NDArray[np.int64], done: NDArray[np.int64], end_ns: int) -> InFlight:
        """From the starts and the ends of spans, ns since the start; sorts both arrays in place."""
        # Merged by the places of the ends among the sends: sorting both at once takes twice the memory.
        # Requests are sent and end almost in the order of the plan; the stable sort makes use of that.
        done.sort(kind="stable")
        sent.sort(kind="stable")
        times = np.zeros(len(done) + len(sent) + 1, np.int64)
        steps = np.ones(len(times), np.int8)
        # At one instant, ends come before sends: a freed slot may be taken at once.
        place = np.searchsorted(sent, done)
        place += np.arange(1, len(done) + 1)
        steps[place] = -1
        steps[0] = 0
        times[1:][steps[1:] > 0] = sent
        times[place] = done
        return InFlight(times, np.cumsum(steps, dtype=np.int32), end_ns)

    def _blocks(self, end_ns: int) -> Iterator[tuple[int, NDArray[np.int32], NDArray[np.int64]]]:
        """The index at which each block begins, its counts, and their times with the one at which the last of them ends.

        The last block ends at `end_ns`.
        """
        for begin in range(0, len(self.times_ns), _BLOCK):
            counts = self.counts[begin : begin + _BLOCK]
            times = self.times_ns[begin : begin + _BLOCK + 1]
            yield begin, counts, times if len(times) > len(counts) else np.append(times, end_ns)

    @property
    def peak(self) -> int:
        return int(self.counts.max())

    @property
    def mean(self) -> float:
        """The mean over the whole run; 0 for a run without length."""
        return self.mean_within(0, self.end_ns)

    def mean_within(self, from_ns: int, to_ns: int) -> float:
        """The mean over [from_ns, to_ns); 0 if that is empty."""
        if to_ns <= from_ns:
            return 0.0
        area = 0
        for _, counts, times in self._blocks(max(self.end_ns, to_ns)):
            area += int(np.sum(counts * np.diff(np.clip(times, from_ns, to_ns))))
        return float(area) / (to_ns - from_ns)

    def means(self, edges_ns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Means between neighbouring `edges_ns`, strictly ascending; shape (len(edges_ns) - 1,)."""
        # Only the changes next to the edges are needed, so the areas of all others are not kept.
        beside = np.searchsorted(self.times_ns, edges_ns)
        wanted = np.unique(np.clip(beside[:, None] + [-2, -1, 0, 1], 0, len(self.times_ns)))
        end = max(self.end_ns, int(self.times_ns[-1]))
        areas, total = np.zeros(len(wanted)), 0
        for begin, counts, moments in self._blocks(end):
            sums = np.cumsum(counts * np.diff(moments))
            mine = (wanted > begin) & (wanted <= begin + len(counts))
            areas[mine] = total + sums[wanted[mine] - begin - 1]
            total += int(sums[-1])
        times = np.where(
            wanted < len(self.times_ns), self.times_ns[np.minimum(wanted, len(self.times_ns) - 1)], end
        )
        mean: NDArray[np.float64] = np.diff(np.interp(edges_ns, times, areas)) / np.diff(edges_ns)
        return mean

    def peaks(self, edges_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Maxima between neighbouring `edges_ns`, ascending and not negative; shape (len(edges_ns) - 1,)."""
        first = np.searchsorted(self.times_ns, edges_ns[:-1], side="right") - 1
        end = np.maximum(np.searchsorted(self.times_ns, edges_ns[1:]), first + 1)
        return np.array([self.counts[a:b].max() for a, b in zip(first, end, strict=True)])

    def share_at(self, level: int) -> float:
        """The share of the time in which at least `level` requests were in flight."""
        if self.end_ns <= 0:
            return 0.0
        enough = 0
        for _, counts, times in self._blocks(self.end_ns):
            enough += int(np.diff(times)[counts >= level].sum())
        return float(enough) / self.end_ns

    def last_full_before(self, moments_ns: NDArray[np.int64], level: int) -> NDArray[np.int64]:
        """For each moment, the last time before it at which the count fell below `level`; -1 if it never did.

        With `level` at the limit, that is when a slot became free for a waiting request.
        """
        was_full = self.counts[:-1] >= level
        freed = self.times_ns[1:][was_full & (self.counts[1:] < level)]
        at = np.searchsorted(freed, moments_ns, side="right") - 1
        return np.where(at >= 0, freed[np.maximum(at, 0)] if len(freed) else -1, -1)


def _spans(run: Run) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The send and the end of the response, ns since the start, of each request that was sent.

    Requests that were lost count until their worker's death, or else the end of the records.
    """
    done = _column(run, "done_ns")
    sent = np.maximum(_column(run, "sent_ns") - run.start_ns, 0)
    workers = run.row_workers[run.rows["sent_ns"] > 0]
    if run.carried_workers is not None:
        workers = np.append(workers, run.carried_workers)
    end, lost = done - run.start_ns, done == 0
    end[lost] = np.maximum(run.lost_ns(workers[lost]), sent[lost])
    return sent, end


def _column(run: Run, name: str) -> NDArray[np.int64]:
    """A column of the requests that were sent, and then of those of a warm-up that were in flight at its end."""
    found = run.rows[name][run.rows["sent_ns"] > 0]
    return found if run.carried is None else np.append(found, run.carried[name])


def _beside_others(
    group: NDArray[np.int64], begin: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When the number of spans at once within a group rises above 1, each time by one, and when it falls again."""
    times = np.append(end, begin)
    change = np.repeat([-1, 1], len(begin))
    order = np.lexsort((change, times, np.append(group, group)))
    # Every group ends at 0, so the sum over all is each one's own.
    counts = np.cumsum(change[order])
    rises = (change[order] > 0) & (counts > 1)
    falls = (change[order] < 0) & (counts > 0)
    return times[order][rises], times[order][falls]
