"""Progress of requests over time: a streamed answer is done token by token, anything else at its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.recorder import FLOW_BUCKET_NS
from aisbench.records.run import Run

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Progress:
    """When requests were done: `share` (up to 1) of each, evenly from `from_ns` to `to_ns`; all of shape (requests,).

    An answer is spread over its tokens, because servers end whole batches at once but also work in between.
    """

    from_ns: NDArray[np.int64]
    to_ns: NDArray[np.int64]
    share: Floats

    def until(self, moments_ns: Floats) -> Floats:
        """How many requests were done by each moment, fractions included."""
        length_ns = np.maximum(self.to_ns - self.from_ns, 1)
        return np.array([self.share @ np.clip((at - self.from_ns) / length_ns, 0, 1) for at in moments_ns])


def progress(run: Run, until_ns: int) -> Progress:
    """The progress of all requests, ns since the start: streamed answers over their tokens, failures and whole answers
    at their end. A request that was cut off, or under way at `until_ns`, counts for the part done by then."""
    rows, ok = run.rows, run.has_status("ok")
    ended = rows["done_ns"] > 0
    cut = ended & run.has_status("cancelled")
    streamed = run.streams & (rows["first_token_ns"] > 0) & (ok | cut)
    events = rows["content_events"]
    whole = float(events[ok].mean()) if ok.any() else float(events.max(initial=1))
    share = np.where(cut, np.where(streamed, np.minimum(events / max(whole, 1.0), 1.0), 0.0), 1.0)
    from_ns = np.where(streamed, rows["first_token_ns"], rows["done_ns"]) - run.start_ns
    to_ns = np.where(streamed, rows["last_token_ns"], rows["done_ns"]) - run.start_ns
    # A server that gets no more prompts finishes the rest faster, so the tokens do not come evenly.
    going = streamed & (from_ns < until_ns) & (until_ns < to_ns)
    got, all_of_it = _tokens_each(
        run, from_ns[streamed], to_ns[streamed], from_ns[going], until_ns, to_ns[going]
    )
    share[going] *= got / np.maximum(all_of_it, got)
    to_ns[going] = until_ns
    return Progress(from_ns[ended], to_ns[ended], share[ended])


def _tokens_each(
    run: Run,
    begun_ns: NDArray[np.int64],
    ended_ns: NDArray[np.int64],
    from_ns: NDArray[np.int64],
    middle_ns: int,
    to_ns: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many tokens an answer got from `from_ns` to `middle_ns`, and from `from_ns` to `to_ns`. Continuous batching
    gives every answer the same, so these are all token events over the number under way (`begun_ns` to `ended_ns`)."""
    edges_ns = np.arange(len(run.flow) + 1) * FLOW_BUCKET_NS
    # Almost in order, which the stable sort makes use of.
    begun, ended = np.sort(begun_ns, kind="stable"), np.sort(ended_ns, kind="stable")
    under_way = np.searchsorted(begun, edges_ns[1:]) - np.searchsorted(ended, edges_ns[:-1])
    tokens = np.append(0.0, np.cumsum(run.flow / np.maximum(under_way, 1)))
    at_begin, at_middle, at_end = (
        np.interp(times, edges_ns, tokens) for times in (from_ns, middle_ns, to_ns)
    )
    return at_middle - at_begin, at_end - at_begin
