"""The block `server`: the servers' own metrics during the run."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured
from aisbench.analysis.samples import Sample
from aisbench.records.run import Run
from aisbench.records.server_names import COUNTERS, HISTOGRAMS

GAUGES = ("running", "waiting", "kv_use", "accept_length")
PERCENTS = (50, 99)


def server_notes(measured: Measured) -> list[str]:
    """A sentence on the metrics that were left out because they were not finite numbers."""
    names = measured.server_samples.not_finite
    if not names:
        return []
    return [
        f"the server's metrics were not finite numbers for {', '.join(sorted(names))}; these are left out"
    ]


def server_block(measured: Measured) -> dict[str, Any] | None:
    """summary.json's `server`; None where no server told anything.

    Gauges: mean and peak of the samples within the run, summed over servers (shares: their mean). Counters:
    the growth from the sample before the start to the last one, which is reset's remainder where a server
    was restarted in between.
    """
    run, samples = measured.run, measured.server_samples
    if not samples:
        return None
    grown = growth(samples)
    return {
        "samples": sum(len(kept) for kept in samples.values()),
        **{name: gauge_figures(run, samples, name) for name in GAUGES},
        "counters": {name: grown[name] for name in COUNTERS if name in grown},
        "prefix_hit_rate": hit_rate(grown),
        "spec_decode": spec_decode(grown),
        "reconcile": reconcile(measured, grown),
    }


def gauge_series(
    run: Run, samples: dict[int, list[Sample]], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Seconds since the start, and the gauge over all servers at each moment that the first one was read."""
    parts = []
    for kept in samples.values():
        known = [(s["t_ns"], s["values"][name]) for s in kept if name in s["values"]]
        if known:
            t_ns, y = zip(*known, strict=True)
            parts.append((np.array(t_ns), np.array(y, float)))
    if not parts:
        return None
    at = parts[0][0]
    # Of the other servers the sample that is nearest to it in time.
    held = [y[nearest(t, at)] for t, y in parts]
    total = np.sum(held, axis=0)
    return (at - run.start_ns) / 1e9, total if name in ("running", "waiting") else total / len(held)


def nearest(t_ns: NDArray[np.int64], at_ns: NDArray[np.int64]) -> NDArray[np.intp]:
    """For each of `at_ns` the index into `t_ns`, ascending, of what is nearest to it."""
    after = np.clip(np.searchsorted(t_ns, at_ns), 1, len(t_ns) - 1) if len(t_ns) > 1 else np.zeros_like(at_ns)
    before = np.maximum(after - 1, 0)
    return np.where(at_ns - t_ns[before] <= t_ns[after] - at_ns, before, after)


def gauge_figures(run: Run, samples: dict[int, list[Sample]], name: str) -> dict[str, float] | None:
    found = gauge_series(run, samples, name)
    if found is None:
        return None
    t_s, y = found[0][np.isfinite(found[1])], found[1][np.isfinite(found[1])]
    end_s = run.duration_ns / 1e9
    inside = y[(t_s >= 0) & (t_s <= end_s)]
    if len(inside) == 0:
        # A run between two samples: what they have is known, that both have nothing says nothing of it.
        around = np.concatenate([y[t_s < 0][-1:], y[t_s > end_s][:1]])
        inside = around if around.any() else inside
    return {"mean": float(inside.mean()), "peak": float(inside.max())} if len(inside) else None


def hit_rate_series(
    run: Run, samples: dict[int, list[Sample]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Whole seconds since the start, and of the prompt tokens that the servers looked up until then since their
    sample before, the share that was cached. None where they do not tell; seconds of no lookups are left out."""
    by_second: dict[int, list[float]] = {}
    for kept in samples.values():
        for before, now in itertools.pairwise(kept):
            grown = growth({0: [before, now]})
            queries = grown.get("prefix_queries", grown.get("prompt_tokens", 0.0))
            if "prefix_hits" in grown and queries > 0:
                sums = by_second.setdefault((now["t_ns"] - run.start_ns) // 1_000_000_000, [0.0, 0.0])
                sums[0] += grown["prefix_hits"]
                sums[1] += queries
    if not by_second:
        return None
    seconds = np.array(sorted(by_second))
    return seconds.astype(float), np.array([by_second[at][0] / by_second[at][1] for at in seconds])


def growth(samples: dict[int, list[Sample]]) -> dict[str, Any]:
    """How much each counter grew, summed over the servers; {label: growth} for those kept by label."""
    total: dict[str, Any] = {}
    for kept in samples.values():
        first, last = kept[0]["values"], kept[-1]["values"]
        for name, value in last.items():
            if isinstance(value, dict):
                before = first.get(name) or {}
                sums = total.setdefault(name, {})
                for label, count in value.items():
                    sums[label] = sums.get(label, 0.0) + since(before.get(label, 0.0), count)
            elif name in COUNTERS or name.endswith(("_sum", "_count")):
                total[name] = total.get(name, 0.0) + since(first.get(name, 0.0), value)
    return {name: sums for name, sums in total.items() if isinstance(sums, dict) or math.isfinite(sums)}


def since(before: float, now: float) -> float:
    """A counter that fell was set back to 0."""
    return now - before if now >= before else now


def hit_rate(grown: dict[str, Any]) -> float | None:
    """Of the prompt tokens looked up, the share that was cached, 0 to 1; SGLang looks up all of them."""
    queries = grown.get("prefix_queries", grown.get("prompt_tokens"))
    return grown["prefix_hits"] / queries if queries and "prefix_hits" in grown else None


def spec_decode(grown: dict[str, Any]) -> dict[str, Any] | None:
    """vLLM's figures of speculative decoding, None where nothing was drafted. Rate in %."""
    drafts, drafted = grown.get("drafts", 0.0), grown.get("draft_tokens", 0.0)
    if not drafts or not drafted:
        return None
    accepted = grown.get("accepted_tokens", 0.0)
    at = grown.get("accepted_at") or {}
    return {
        "acceptance_rate": 100 * accepted / drafted,
        "acceptance_length": 1 + accepted / drafts,
        "num_drafts": int(drafts),
        "draft_tokens": int(drafted),
        "accepted_tokens": int(accepted),
        "per_position_acceptance_rates": [at[place] / drafts for place in sorted(at, key=int)],
    }


def reconcile(measured: Measured, grown: dict[str, Any]) -> dict[str, Any]:
    """The server's histograms beside ours, ms. `difference_ms` of the means is network plus client; None where
    the two are not of the same requests, as their numbers tell: a difference of them would mean nothing.

    The server counts every request that it gave a first token, or answered, in that time; ours are the succeeded
    ones, or, where only then the numbers agree, all that had a first token. A percentile of the server is known to
    its bucket alone.
    """
    run = measured.run
    found: dict[str, Any] = {}
    for metric in measured.request_metrics:
        name = metric.name
        if name not in HISTOGRAMS:
            continue
        ours = measured.latencies.measured(name)
        count = grown.get(f"{name}_count", 0.0)
        if name == "ttft" and int(count) != len(ours):
            begun = first_tokens_ms(run)
            ours = begun if len(begun) == int(count) else ours
        if count <= 0 or len(ours) == 0:
            continue
        mean_ms = 1e3 * grown[f"{name}_sum"] / count
        found[f"{name}_ms"] = {
            "server": {"requests": int(count), "mean": mean_ms},
            "client": {"requests": len(ours), "mean": float(ours.mean())},
            "difference_ms": float(ours.mean()) - mean_ms if int(count) == len(ours) else None,
            "percentiles": {
                f"p{percent}": {
                    "server_within": within(grown.get(f"{name}_buckets") or {}, percent),
                    "client": float(np.percentile(ours, percent)),
                }
                for percent in PERCENTS
            },
        }
    return found


def first_tokens_ms(run: Run) -> NDArray[np.float64]:
    """TTFT of all requests that had a first token, whatever became of them."""
    rows = run.selected((run.rows["first_token_ns"] > 0) & (run.rows["sent_ns"] > 0))
    return np.asarray((rows["first_token_ns"] - rows["sent_ns"]) / 1e6)


def within(buckets: dict[str, float], percent: float) -> list[float | None] | None:
    """The edges (ms) of the bucket in which the percentile lies; the last one has no upper edge."""
    edges = sorted((float(edge), count) for edge, count in buckets.items())
    if not edges or edges[-1][1] <= 0:
        return None
    wanted = edges[-1][1] * percent / 100
    low = 0.0
    for edge, count in edges:
        if count >= wanted:
            return [1e3 * low, None if edge == float("inf") else 1e3 * edge]
        low = edge
    return None
