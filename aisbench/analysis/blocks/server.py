"""The block `server`: the servers' own metrics during the run."""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Any, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.keys import Count, Ms, OneOf, PassableShare, Percent, Requests, Size, Tokens
from aisbench.analysis.measured import Measured
from aisbench.analysis.samples import Sample
from aisbench.records.run import Run
from aisbench.records.server_names import COUNTERS, HISTOGRAMS


class MeanAndPeak(TypedDict):
    """Mean and peak of the samples within the run."""

    mean: float
    peak: float


class SpecDecode(TypedDict):
    """Speculative decoding, as vLLM counts it."""

    acceptance_rate: Annotated[Percent, "share of the drafted tokens that were accepted"]
    acceptance_length: Annotated[float, "mean number of tokens per step"]
    num_drafts: Count
    draft_tokens: Tokens
    accepted_tokens: Tokens
    per_position_acceptance_rates: Annotated[list[PassableShare], "by position in the draft, over all drafts"]


class RequestsAndMean(TypedDict):
    """One side of a comparison."""

    requests: Annotated[Requests, "that were counted"]
    mean: Ms


class PercentileOfBoth(TypedDict):
    """A percentile by the server and by the client."""

    server_within: Annotated[
        Annotated[list[Ms | None], Size(2)] | None,
        "edges of the histogram bucket that holds it; the last bucket has no upper edge",
    ]
    client: Ms


class PercentilesOfBoth(TypedDict):
    """Percentiles of the server's histogram beside the client's."""

    p50: PercentileOfBoth
    p99: PercentileOfBoth


class Reconciled(TypedDict):
    """The server's histogram of a latency beside the client's values."""

    server: RequestsAndMean
    client: RequestsAndMean
    difference_ms: Annotated[
        Ms | None, "of the means: network and client; null if the two cover different requests"
    ]
    percentiles: PercentilesOfBoth


class Reconcile(TypedDict, total=False):
    """Latencies that the server measures as well."""

    ttft_ms: Reconciled
    e2el_ms: Reconciled


class ServerBlock(TypedDict):
    """The servers' own metrics during the run. Counts and queues are summed over the servers; shares are averaged."""

    samples: Annotated[Count, "how often metrics were read, over all servers"]
    running: Annotated[MeanAndPeak | None, "requests that are being processed"]
    waiting: Annotated[MeanAndPeak | None, "requests in its queue"]
    kv_use: Annotated[MeanAndPeak | None, "share of the KV cache in use, 0 to 1"]
    accept_length: Annotated[MeanAndPeak | None, "tokens per step of speculative decoding"]
    counters: Annotated[
        dict[Annotated[str, OneOf(COUNTERS)], float],
        "growth of each counter from the sample before the start to the last; only those that the servers have",
    ]
    aborted: Annotated[
        Requests | None,
        "ended because their client closed the connection; null if the servers do not count them",
    ]
    prefix_hit_rate: Annotated[
        PassableShare | None, "share of the prompt tokens looked up that were in the prefix cache"
    ]
    spec_decode: Annotated[SpecDecode | None, "null if nothing was drafted"]
    reconcile: Annotated[Reconcile, "the server's latencies beside the client's"]


def server_notes(measured: Measured) -> list[str]:
    """A sentence on the metrics that were left out because they were not finite numbers."""
    names = measured.server_samples.not_finite
    if not names:
        return []
    return [
        f"these metrics of the server are left out because they were not finite numbers: {', '.join(sorted(names))}"
    ]


def server_block(measured: Measured) -> ServerBlock | None:
    """summary.json's `server`; None if no server's metrics were read.

    Gauges: mean and peak of the samples within the run, summed over servers (shares: averaged). Counters: growth from
    the sample before the start to the last one; after a restart of the server, only what was counted since.
    """
    run, samples = measured.run, measured.server_samples
    if not samples:
        return None
    grown = growth(samples)
    return {
        "samples": sum(len(kept) for kept in samples.values()),
        "running": _gauge_figures(run, samples, "running"),
        "waiting": _gauge_figures(run, samples, "waiting"),
        "kv_use": _gauge_figures(run, samples, "kv_use"),
        "accept_length": _gauge_figures(run, samples, "accept_length"),
        "counters": {name: grown[name] for name in COUNTERS if name in grown},
        "aborted": _aborted(grown),
        "prefix_hit_rate": _hit_rate(grown),
        "spec_decode": spec_decode(grown),
        "reconcile": reconcile(measured, grown),
    }


def gauge_series(
    run: Run, samples: dict[int, list[Sample]], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Times (s since the start) at which the first server was read, and the gauge over all servers then."""
    parts = []
    for kept in samples.values():
        known = [(s["t_ns"], s["values"][name]) for s in kept if name in s["values"]]
        if known:
            t_ns, y = zip(*known, strict=True)
            parts.append((np.array(t_ns), np.array(y, float)))
    if not parts:
        return None
    at = parts[0][0]
    # For the other servers, the sample nearest in time.
    held = [y[_nearest(t, at)] for t, y in parts]
    total = np.sum(held, axis=0)
    return (at - run.start_ns) / 1e9, total if name in ("running", "waiting") else total / len(held)


def _nearest(t_ns: NDArray[np.int64], at_ns: NDArray[np.int64]) -> NDArray[np.intp]:
    """For each of `at_ns`, the index of the nearest value in `t_ns`, which is ascending."""
    after = np.clip(np.searchsorted(t_ns, at_ns), 1, len(t_ns) - 1) if len(t_ns) > 1 else np.zeros_like(at_ns)
    before = np.maximum(after - 1, 0)
    return np.where(at_ns - t_ns[before] <= t_ns[after] - at_ns, before, after)


def _gauge_figures(run: Run, samples: dict[int, list[Sample]], name: str) -> MeanAndPeak | None:
    found = gauge_series(run, samples, name)
    if found is None:
        return None
    t_s, y = found[0][np.isfinite(found[1])], found[1][np.isfinite(found[1])]
    end_s = run.duration_ns / 1e9
    inside = y[(t_s >= 0) & (t_s <= end_s)]
    if len(inside) == 0:
        # The run lies between two samples. Their values stand for it, unless both are 0, which says nothing about it.
        around = np.concatenate([y[t_s < 0][-1:], y[t_s > end_s][:1]])
        inside = around if around.any() else inside
    return {"mean": float(inside.mean()), "peak": float(inside.max())} if len(inside) else None


def hit_rate_series(
    run: Run, samples: dict[int, list[Sample]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Whole seconds since the start, and the share of prompt tokens looked up in each that was cached. Seconds without
    lookups are left out. None if the servers do not report it."""
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
    """Growth of each counter, summed over the servers; {label: growth} for counters kept by label."""
    total: dict[str, Any] = {}
    for kept in samples.values():
        first, last = kept[0]["values"], kept[-1]["values"]
        for name, value in last.items():
            if isinstance(value, dict):
                before = first.get(name) or {}
                sums = total.setdefault(name, {})
                for label, count in value.items():
                    sums[label] = sums.get(label, 0.0) + _since(before.get(label, 0.0), count)
            elif name in COUNTERS or name.endswith(("_sum", "_count")):
                total[name] = total.get(name, 0.0) + _since(first.get(name, 0.0), value)
    return {name: sums for name, sums in total.items() if isinstance(sums, dict) or math.isfinite(sums)}


def _since(before: float, now: float) -> float:
    """The growth of a counter, which was reset if it fell."""
    return now - before if now >= before else now


def _aborted(grown: dict[str, Any]) -> int | None:
    ended = grown.get("requests_ended")
    return None if ended is None else round(ended.get("abort", 0.0))


def _hit_rate(grown: dict[str, Any]) -> float | None:
    """The share of prompt tokens looked up that was cached, 0 to 1. SGLang looks up all of them."""
    queries = grown.get("prefix_queries", grown.get("prompt_tokens"))
    return grown["prefix_hits"] / queries if queries and "prefix_hits" in grown else None


def spec_decode(grown: dict[str, Any]) -> SpecDecode | None:
    """vLLM's figures of speculative decoding; None if nothing was drafted."""
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


def reconcile(measured: Measured, grown: dict[str, Any]) -> Reconcile:
    """The server's latency histograms beside the client's, ms.

    `difference_ms` of the means is network plus client. It is None if the numbers of requests differ, because the
    means are then of different requests. The server counts every request that got a first token, or ended, in that
    time. The client counts the successful ones or, if only then the numbers agree, all with a first token.
    """
    run = measured.run
    found: dict[str, Reconciled] = {}
    for metric in measured.request_metrics:
        name = metric.name
        if name not in HISTOGRAMS:
            continue
        ours = measured.latencies.measured(name)
        count = grown.get(f"{name}_count", 0.0)
        if name == "ttft" and int(count) != len(ours):
            begun = _first_tokens_ms(run)
            ours = begun if len(begun) == int(count) else ours
        if count <= 0 or len(ours) == 0:
            continue
        mean_ms = 1e3 * grown[f"{name}_sum"] / count
        found[f"{name}_ms"] = {
            "server": {"requests": int(count), "mean": mean_ms},
            "client": {"requests": len(ours), "mean": float(ours.mean())},
            "difference_ms": float(ours.mean()) - mean_ms if int(count) == len(ours) else None,
            "percentiles": {
                "p50": _of_both(grown.get(f"{name}_buckets") or {}, ours, 50),
                "p99": _of_both(grown.get(f"{name}_buckets") or {}, ours, 99),
            },
        }
    return cast(Reconcile, found)


def _of_both(buckets: dict[str, float], ours: NDArray[np.float64], percent: float) -> PercentileOfBoth:
    return {"server_within": within(buckets, percent), "client": float(np.percentile(ours, percent))}


def _first_tokens_ms(run: Run) -> NDArray[np.float64]:
    """TTFT of all requests that got a first token, failed ones included, ms."""
    rows = run.selected((run.rows["first_token_ns"] > 0) & (run.rows["sent_ns"] > 0))
    return np.asarray((rows["first_token_ns"] - rows["sent_ns"]) / 1e6)


def within(buckets: dict[str, float], percent: float) -> list[float | None] | None:
    """The edges, ms, of the bucket that holds the percentile; None for the upper edge of the last bucket."""
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
