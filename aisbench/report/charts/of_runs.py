"""The table of a run's charts, for its page and `aisbench plot`. To add a chart, add an entry here."""

from __future__ import annotations

from aisbench.report.charts import cache, curves, flow, heat, server, stretches, timeline
from aisbench.report.charts.chart import Chart
from aisbench.report.charts.sessions import lanes, parts
from aisbench.report.charts.source import RunSource

CHARTS: tuple[Chart[RunSource], ...] = (
    Chart(name="concurrency", title="Concurrency", build=flow.concurrency, tables=flow.flow_tables),
    Chart(name="timeline", title="Request timeline", build=timeline.timeline, in_plots=False),
    Chart(
        name="request-curves",
        title="TTFT and E2EL",
        build=curves.request_curves,
        tables=curves.curve_tables,
        in_plots=False,
    ),
    Chart(name="token-curves", title="ITL and TPOT", build=curves.token_curves, in_plots=False),
    Chart(
        name="heat",
        title="Latency over time",
        hint="Succeeded requests by when they were sent and how long they took. A stronger colour means more requests; "
        "the scale is logarithmic, so that single requests remain visible.",
        build=heat.heat,
        tables=heat.heat_tables,
        alone=True,
    ),
    Chart(name="sessions", title="Sessions", build=lanes.lanes, tables=lanes.lanes_tables, alone=True),
    Chart(name="turns", title="By turn", build=parts.by_turn, tables=parts.by_turn_tables),
    Chart(
        name="cached-share",
        title="TTFT by cached share",
        build=parts.by_cached_share,
        tables=parts.by_cached_share_tables,
    ),
    Chart(name="slices", title="Slices", build=stretches.slices, tables=stretches.slice_tables),
    Chart(
        name="server",
        title="Server metrics",
        build=server.server,
        tables=server.server_tables,
    ),
    Chart(
        name="cache",
        title="Prefix cache: hits and theory",
        build=cache.cache,
        tables=cache.cache_tables,
        alone=True,
    ),
    Chart(name="devices", title="Devices", build=server.devices, tables=server.device_tables),
    Chart(name="errors", title="Errors", build=flow.errors, tables=flow.error_tables),
    Chart(
        name="lag", title="Schedule lag: planned to sent", build=stretches.lag, tables=stretches.lag_tables
    ),
    Chart(
        name="delay",
        title="Client delay: arrival of bytes to bytes read",
        build=curves.delay,
        tables=curves.delay_tables,
        in_plots=False,
    ),
    # The page has these as parts of the charts above.
    Chart(name="in-flight", title="Requests in flight", build=flow.in_flight, on_page=False),
    Chart(name="rates", title="Requests sent per second", build=flow.rates, on_page=False),
    Chart(name="tokens", title="Output tokens per second", build=flow.tokens, on_page=False),
    Chart(name="percentiles", title="Latency by percentile", build=curves.by_percentile, on_page=False),
    Chart(name="cdf", title="Share of requests by latency", build=curves.cumulative, on_page=False),
    Chart(
        name="timeline",
        title="Request timeline",
        build=timeline.whole_timeline,
        on_page=False,
        alone=True,
    ),
)
