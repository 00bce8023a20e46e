"""A run and the figures computed from its rows, each once, when first read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.accuracy import Graded
from aisbench.analysis.caches.theory import Theory
from aisbench.analysis.failures import failures_by_kind
from aisbench.analysis.in_flight import InFlight
from aisbench.analysis.latencies import Latencies
from aisbench.analysis.samples import DeviceSamples, ServerSamples, device_samples, server_samples
from aisbench.analysis.sending import Sending
from aisbench.analysis.sessions.per_session import PerSession
from aisbench.analysis.statistics.figures import Figures, describe, describe_histogram_ms, describe_weighted
from aisbench.analysis.token_flow import token_flow
from aisbench.analysis.tokens import TokenCounts, each_gaps_ns, itl_histogram, logged_gaps_ns
from aisbench.metrics import Metric, Requests, metrics_of
from aisbench.records.histograms import Histogram
from aisbench.records.run import Run


class Measured:
    """Everything that several reports need from one run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def ok(self) -> NDArray[np.bool_]:
        """Mask of the rows of succeeded requests."""
        return self.run.has_status("ok")

    @cached_property
    def tokens(self) -> TokenCounts:
        return TokenCounts.of(self.run)

    @cached_property
    def latencies(self) -> Latencies:
        return Latencies(self.run, self.tokens.output)

    @cached_property
    def vllm_latencies(self) -> Latencies:
        """Latencies counted from the moment that vLLM's keys use (Run.sends_from)."""
        origin = self.run.sends_from
        if origin == self.latencies.requests.origin:
            return self.latencies
        return Latencies(self.run, self.tokens.output, origin)

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that this run has, in the order of METRICS."""
        return metrics_of(streams=self.run.streams, requests=self.latencies.requests)

    @property
    def request_metrics(self) -> tuple[Metric, ...]:
        """The metrics with one value per request. Any part of the run has figures of them."""
        return tuple(metric for metric in self.metrics if not metric.pooled)

    @property
    def percents(self) -> Sequence[float]:
        """The percentiles requested in addition to the standard ones."""
        return self.run.config.percentiles

    @cached_property
    def in_flight(self) -> InFlight:
        return InFlight.of(self.run)

    @cached_property
    def held(self) -> InFlight:
        """The in-flight slots taken over time."""
        return InFlight.held(self.run) if self.run.keeps_slots else self.in_flight

    @cached_property
    def sending(self) -> Sending:
        return Sending.of(self.run, self.held)

    @cached_property
    def sessions(self) -> PerSession | None:
        """The figures of each session; None without sessions."""
        return PerSession.of(self.run, self.tokens, self.latencies)

    @cached_property
    def flow(self) -> NDArray[np.float64]:
        """Output tokens in each 10 ms since the start."""
        return token_flow(self.run, self.tokens)

    @cached_property
    def gaps_ns(self) -> NDArray[np.int64] | None:
        """Every gap between token events of the succeeded requests; None unless all of them were logged."""
        return logged_gaps_ns(self.run)

    @cached_property
    def itl(self) -> Histogram:
        return itl_histogram(self.run)

    @cached_property
    def failures(self) -> dict[str, NDArray[np.void]]:
        return failures_by_kind(self.run)

    @cached_property
    def graded(self) -> Graded | None:
        """The scores of the answers; None without --score."""
        return Graded.of(self.run)

    @cached_property
    def server_samples(self) -> ServerSamples:
        return server_samples(self.run)

    @cached_property
    def device_samples(self) -> DeviceSamples:
        return device_samples(self.run)

    @cached_property
    def cache_theory(self) -> Theory | None:
        """What prefix caches would have found; None unless a server reports what it found, or the bodies are gone."""
        told = bool((self.run.rows["cached_tokens"][self.ok] >= 0).any())
        counts = any("prefix_hits" in kept[-1]["values"] for kept in self.server_samples.values())
        return Theory.of(self.run, self.server_samples) if told or counts else None

    def figures(
        self, metric: Metric, percents: Iterable[float], latencies: Latencies | None = None
    ) -> Figures:
        """describe()'s figures of a metric over the whole run, ms. `latencies`: default, those from the send.

        Pooled metrics are exact if all token gaps were logged; otherwise they come from the histogram.
        """
        if not metric.pooled:
            return describe((latencies or self.latencies).measured(metric.name), percents)
        if self.gaps_ns is None:
            return describe_histogram_ms(self.itl, percents, self.spread(metric))
        if metric.spread is None:
            return describe(self.gaps_ns / 1e6, percents)
        return describe_weighted(*self._spread_gaps_ms(metric.spread), percents)

    def spread(self, metric: Metric) -> float:
        """The mean number of tokens among which a gap of a pooled metric is divided."""
        if metric.spread is None:
            return 1.0
        requests = self.latencies.requests
        events = requests.column("content_events")
        return float(metric.spread(requests) @ events / events.sum()) if events.any() else 1.0

    def _spread_gaps_ms(
        self, spread: Callable[[Requests], NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Each logged gap divided by its number of tokens, ms, and that number; without answers at one moment."""
        each = iter(spread(self.latencies.requests))
        values, weights = [], []
        for gaps_ns, ok in zip(each_gaps_ns(self.run), self.ok, strict=True):
            share = next(each) if ok else 1.0
            if ok and gaps_ns.any():
                values.append(gaps_ns / 1e6 / share)
                weights.append(np.full(len(gaps_ns), share))
        nothing = [np.empty(0)]
        return np.concatenate(values or nothing), np.concatenate(weights or nothing)

    def figures_within(self, mine: Any, percents: Iterable[float] = ()) -> dict[str, Figures]:
        """Figures by metric key of the successful requests that `mine` (mask or index) selects, ms."""
        found = {}
        for metric in self.request_metrics:
            values = self.latencies[metric.name][mine]
            found[metric.key] = describe(values[~np.isnan(values)], percents)
        return found
