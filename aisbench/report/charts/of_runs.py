"""The charts of a run: the table from which its page and `aisbench plot` take them. A new one is an entry here."""

from __future__ import annotations

from aisbench.report.charts import curves, flow, heat, server, stretches, timeline
from aisbench.report.charts.chart import Chart
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
        hint="Succeeded requests by when they were sent and by how long they took; the stronger a cell, the more of "
        "them (by the logarithm of their number), and the rarest are still to be seen.",
        build=heat.heat,
        tables=heat.heat_tables,
        alone=True,
    ),
    Chart(name="slices", title="Slices", build=stretches.slices, tables=stretches.slice_tables),
    Chart(
        name="server",
        title="The server's own account",
        build=server.server,
        tables=server.server_tables,
    ),
    Chart(name="devices", title="Devices", build=server.devices, tables=server.device_tables),
    Chart(name="errors", title="Errors", build=flow.errors, tables=flow.error_tables),
    Chart(
        name="lag", title="Schedule lag: sent after planned", build=stretches.lag, tables=stretches.lag_tables
    ),
    Chart(
        name="delay",
        title="Client delay: bytes come, bytes seen",
        build=curves.delay,
        tables=curves.delay_tables,
        in_plots=False,
    ),
    # The page has these within the charts above.
    Chart(name="in-flight", title="Requests in flight", build=flow.in_flight, on_page=False),
    Chart(name="rates", title="Requests sent a second", build=flow.rates, on_page=False),
    Chart(name="tokens", title="Output tokens a second", build=flow.tokens, on_page=False),
    Chart(name="percentiles", title="Latency by percentile", build=curves.by_percentile, on_page=False),
    Chart(name="cdf", title="Shares of requests by latency", build=curves.cumulative, on_page=False),
    Chart(
        name="timeline",
        title="Request timeline",
        build=timeline.whole_timeline,
        on_page=False,
        alone=True,
    ),
)
