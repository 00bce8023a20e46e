"""Writes the state of a running benchmark in Prometheus' text format: the client's figures, not the server's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aisbench._native.memory.recorder import ERRORS
from aisbench.live.snapshot import Snapshot
from aisbench.records.histograms import Histogram

# Upper edges of the histograms' buckets: five per decade, from 0.1 ms to 1,000 s.
_STEPS, _POWERS = (1, 1.6, 2.5, 4, 6.3), range(-4, 3)
_EDGES_S = (*(float(f"{step}e{power}") for power in _POWERS for step in _STEPS), 1000.0)
HISTOGRAMS = {
    "ttft": ("aisbench_time_to_first_token_seconds", "From the send to the first token."),
    "itl": ("aisbench_inter_token_latency_seconds", "Gaps between events with generated content."),
    "e2el": ("aisbench_e2e_request_latency_seconds", "From the send to the last token, of succeeded requests."),
    "schedule_lag": ("aisbench_schedule_lag_seconds", "From the planned time to the send."),
    "client_delay": ("aisbench_client_delay_seconds", "From the arrival of bytes to the client's reading them."),
}  # fmt: skip


def prometheus_page(snapshot: Snapshot | None, accept: str) -> tuple[bytes, str]:
    """The page in the format that `accept` asks for, and its content type; empty before the first snapshot."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    registry.register(Figures(snapshot))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class Figures:
    """A collector for prometheus_client that yields the figures of `snapshot`."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self.snapshot = snapshot

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        now = self.snapshot
        if now is None:
            return
        gauges = {
            "aisbench_requests_in_flight": ("Requests sent and not yet ended.", now.in_flight),
            "aisbench_in_flight_limit": ("The in-flight limit, set by --concurrency.", now.limit),
            "aisbench_requests_planned": ("Requests to be sent in total.", now.planned),
            "aisbench_asked_rate": ("Target rate, requests/s.", now.asked_rate),
            "aisbench_run_elapsed_seconds": ("Time since the common start.", now.elapsed_s),
            "aisbench_run_remaining_seconds": (
                "Time until the end: from the set duration, or estimated from the pace so far.",
                now.remaining_s,
            ),
        }
        for name, (text, value) in gauges.items():
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)
        counters = {
            "aisbench_requests_sent": ("Requests sent.", now.sent),
            "aisbench_requests_ok": ("Requests that succeeded.", now.done - now.failed),
            "aisbench_token_events": ("Events with generated content.", now.token_events),
        }
        for name, (text, value) in counters.items():
            yield CounterMetricFamily(name, text, value=value)
        failed = CounterMetricFamily("aisbench_requests_failed", "Requests that failed.", labels=["kind"])
        # All kinds from the start, because Prometheus cannot see growth at a series' first value.
        for kind in ERRORS[1:]:
            failed.add_metric([kind], now.errors.get(kind, 0))
        yield failed
        for key, (name, text) in HISTOGRAMS.items():
            histogram = now.histograms.get(key)
            if histogram is not None:
                yield HistogramMetricFamily(
                    name, text, buckets=buckets(histogram), sum_value=histogram.sum_ns / 1e9
                )


def buckets(histogram: Histogram) -> list[tuple[str, int]]:
    """(upper edge in s, number of values up to it) for each bucket; the last edge is +Inf."""
    *counts, total = histogram.counts_up_to([*(1e9 * edge for edge in _EDGES_S), float("inf")])
    return [*((str(edge), count) for edge, count in zip(_EDGES_S, counts, strict=True)), ("+Inf", total)]
