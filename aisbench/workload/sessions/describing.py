"""Says what a workload is made of: its sessions, lengths, pauses, forks, times and shared prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.cache_hits import PromptBlocks
from aisbench.workload.prompts import Conversations
from aisbench.workload.sessions.contents import Contents

S = 1e9
_BINS = 60
_PERCENTILES = (50, 90, 99)


def facts_of(found: Contents, cache_tokens: Sequence[int] = ()) -> dict[str, Any]:
    """The facts of a workload as plain values.

    Lengths are in tokens and times in s. `prefix_reuse` is the share of all prompts that an endless prefix cache would
    find, within and between sessions; `between_sessions` is that of the first turns alone. `cache_hits`: the hits by the
    block ids of a trace, in an endless cache and in caches of `cache_tokens` tokens each, the order being that of the
    trace; null without such ids.
    """
    prompts, first, count = found.prompts, found.first, found.count
    talks, asked, planned = prompts.conversations, found.prompt_tokens, found.output_tokens
    known = planned[planned >= 0]
    return {
        "requests": count,
        "sessions": len(first) - 1,
        "turns_per_session": _spread(np.diff(first)),
        "prompt_tokens": _spread(asked),
        "output_tokens": {**_spread(known), "not_planned": int(count - len(known))},
        "longest_context": int((asked + np.maximum(planned, 0)).max()),
        "pauses_s": None if talks is None else _pauses(talks),
        "graph": None if talks is None else _graph(talks),
        "with_tools": found.with_tools,
        "prefix_reuse": {"all": round(found.reuse, 6), "between_sessions": round(found.reuse_between, 6)},
        "cache_hits": None if prompts.blocks is None else _hits(prompts.blocks, cache_tokens),
        "times": None if prompts.arrivals_ns is None else _times(prompts.arrivals_ns[first[:-1]]),
        "rows": prompts.rows,
        "notes": list(prompts.notes),
    }


def _hits(blocks: PromptBlocks, cache_tokens: Sequence[int]) -> dict[str, Any]:
    endless = blocks.hits()
    return {
        "block": blocks.block,
        "endless": round(endless.share, 6),
        # What an endless cache holds in the end, but for blocks that are not full.
        "new_tokens": int((endless.prompt_tokens - endless.tokens).sum()),
        "lru": [{"tokens": tokens, "share": round(blocks.hits(tokens).share, 6)} for tokens in cache_tokens],
    }


def _spread(values: NDArray[Any]) -> dict[str, Any]:
    """Statistics of values; null where there are none."""
    some = len(values) > 0
    found: dict[str, Any] = {"min": values.min().item() if some else None}
    found |= {f"p{p}": float(np.percentile(values, p)) if some else None for p in _PERCENTILES}
    return {
        **found,
        "mean": round(float(values.mean()), 6) if some else None,
        "max": values.max().item() if some else None,
        "sum": values.sum().item() if some else 0,
    }


def _pauses(talks: Conversations) -> dict[str, Any]:
    """The pauses before turns that wait for others."""
    later = np.ones(len(talks.think_ns), dtype=bool)
    if talks.after_first is not None:
        later = np.diff(talks.after_first) > 0
    else:
        later[talks.first[:-1]] = False
    pauses = talks.think_ns[later] / S
    return {"turns": int(later.sum()), "above_0": int((pauses > 0).sum()), **_spread(pauses)}


def _graph(talks: Conversations) -> dict[str, Any]:
    """How sessions branch. `forks`: turns after which several go; `joins`: turns that wait for several. `widest`: most
    turns of a session that are equally far from its start, so that they may be under way at a time."""
    if talks.after_first is None or talks.after is None:
        return {"forks": 0, "joins": 0, "widest": 1, "sessions": 0}
    forks = joins = branched = 0
    widest = 1
    bounds = talks.after_first.tolist()
    for begin, end in zip(talks.first[:-1].tolist(), talks.first[1:].tolist(), strict=True):
        followers = [0] * (end - begin)
        depth: list[int] = []
        here = 0
        for i in range(begin, end):
            needed = talks.after[bounds[i] : bounds[i + 1]].tolist()
            depth.append(1 + max((depth[one] for one in needed), default=0))
            here += len(needed) > 1
            for one in needed:
                followers[one] += 1
        joins += here
        split = sum(many > 1 for many in followers)
        forks += split
        width = int(np.bincount(depth).max())
        widest = max(widest, width)
        branched += width > 1 or split > 0 or here > 0
    return {"forks": forks, "joins": joins, "widest": widest, "sessions": branched}


def _times(at_ns: NDArray[np.int64]) -> dict[str, Any]:
    """When sessions begin: in all, and in each of some equal parts of the time."""
    at_s = (at_ns - at_ns[0]) / S
    span_s = float(at_s.max())
    if span_s == 0:
        return {"span_s": 0.0, "per_s": None, "bin_s": None, "begun": [len(at_s)]}
    begun, edges = np.histogram(at_s, bins=min(_BINS, max(1, len(at_s))), range=(0, span_s))
    return {
        "span_s": span_s,
        "per_s": (len(at_s) - 1) / span_s,
        "bin_s": float(edges[1] - edges[0]),
        "begun": begun.tolist(),
    }
