"""The page's panels on the server: the servers' own gauges and figures, and their accelerators."""

from __future__ import annotations

from html import escape
from typing import Any

from numpy.typing import NDArray

from aisbench.analysis.blocks.devices import series as device_series
from aisbench.analysis.blocks.server import gauge_series, hit_rate_series
from aisbench.analysis.measured import Measured
from aisbench.analysis.series import Series, thinned
from aisbench.metrics import BY_KEY
from aisbench.report.page.arrays import packed_series
from aisbench.report.page.table import figure, said, table

GIB = 1 << 30
# What a chart of all devices shows of each, and what a figure in the samples is of the unit shown.
DEVICE_CHARTS = {"utilisation_percent": 1.0, "memory_used_bytes": GIB, "power_w": 1.0}


def server_data(measured: Measured) -> dict[str, Any]:
    """The gauges over time: requests `running` and `waiting`, `kv_use` and `prefix_hit_rate` in %; {} for none."""
    run, samples = measured.run, measured.server_samples
    found = {
        name: kept(gauge_series(run, samples, name), scale)
        for name, scale in (("running", 1.0), ("waiting", 1.0), ("kv_use", 100.0))
    }
    found["prefix_hit_rate"] = kept(hit_rate_series(run, samples), 100.0)
    return {name: series for name, series in found.items() if series is not None}


def devices_data(measured: Measured) -> dict[str, dict[str, Any]]:
    """By figure and then by device its samples over time."""
    found = {
        name: {
            device: shown
            for device, of_it in measured.device_samples.items()
            if (shown := kept(device_series(measured.run, of_it, name), 1 / unit)) is not None
        }
        for name, unit in DEVICE_CHARTS.items()
    }
    return {name: by_device for name, by_device in found.items() if by_device}


def kept(points: tuple[NDArray[Any], NDArray[Any]] | None, scale: float) -> dict[str, Any] | None:
    """Samples for the page, those before the start left out."""
    if points is None:
        return None
    t_s, y = points
    inside = t_s >= 0
    if not inside.any():
        return None
    return packed_series(Series(*thinned(t_s[inside], y[inside] * scale)))


def server_panel(summary: dict[str, Any]) -> str:
    block = summary["server"]
    if block is None:
        return ""
    rows = [
        [title, figure(scale * block[name]["mean"]), figure(scale * block[name]["peak"])]
        for name, title, scale in (
            ("running", "requests running", 1),
            ("waiting", "requests waiting", 1),
            ("kv_use", "KV cache used, %", 100),
            ("accept_length", "accepted length", 1),
        )
        if block[name] is not None
    ]
    counted = ", ".join(
        f"{escape(name.replace('_', ' '))} {count:,.0f}" for name, count in block["counters"].items()
    )
    counters = f'<p class="hint">Counted by the servers during the run: {counted}.</p>' if counted else ""
    return (
        '<section class="panel"><div class="bar"><h2>The server\'s own account</h2><span class="buttons">'
        '<button type="button" data-csv="server">CSV</button></span></div>'
        '<p class="hint">From its metrics page, read once a second. Requests running and waiting there are in the '
        "concurrency chart above.</p>"
        '<div id="server" class="chart short" hidden></div>'
        f"{table(['', 'mean', 'peak'], rows, 'numbers') if rows else ''}{reconcile(block['reconcile'])}"
        f"{speculation(block['spec_decode'])}{counters}</section>"
    )


def reconcile(found: dict[str, Any]) -> str:
    """The server's latencies beside ours."""
    if not found:
        return ""
    rows = []
    for key, pair in found.items():
        server, client = pair["server"], pair["client"]
        tails = [
            f"{between(percentile['server_within'])} / {figure(percentile['client'])}"
            for percentile in pair["percentiles"].values()
        ]
        rows.append(
            [
                BY_KEY[key].title,
                f"{figure(server['mean'])} <small>({server['requests']:,} requests)</small>",
                f"{figure(client['mean'])} <small>({client['requests']:,})</small>",
                figure(pair["difference_ms"]),
                *tails,
            ]
        )
    percents = next(iter(found.values()))["percentiles"]
    head = ["ms", "mean at the server", "mean here", "network and client add"]
    head += [f"{name}: server's bucket / here" for name in percents]
    return (
        f"<h3>Latencies by the server's clock and by ours</h3>{table(head, rows, 'numbers')}"
        '<p class="hint">The server counts from when it took a request up to when it handed the answer to its own '
        "HTTP layer; what lies between is the network, that layer, and this client. Where the numbers of requests differ (others "
        "were served as well, or requests that failed or were cut off here), the means are of different requests, and no difference of them is shown.</p>"
    )


def between(edges: list[float | None] | None) -> str:
    if edges is None:
        return "–"
    low, high = edges
    return f"above {figure(low or 0)}" if high is None else f"{figure(low or 0)} to {figure(high)}"


def speculation(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    rows = [
        ["acceptance rate", f"{found['acceptance_rate']:.2f} %"],
        ["acceptance length", f"{found['acceptance_length']:.2f}"],
        ["drafts", f"{found['num_drafts']:,}"],
        ["draft tokens", f"{found['draft_tokens']:,}"],
        ["accepted tokens", f"{found['accepted_tokens']:,}"],
    ]
    rows += [
        [f"accepted at position {place}", f"{100 * rate:.2f} %"]
        for place, rate in enumerate(found["per_position_acceptance_rates"])
    ]
    return f"<h3>Speculative decoding</h3>{table(['', 'value'], rows, 'numbers')}"


def devices_panel(summary: dict[str, Any]) -> str:
    block = summary["devices"]
    if block is None:
        return ""
    rows = [
        [
            f"{said(device['device'])} <small>{said(device['name'] or '')}</small>",
            *(
                "–"
                if device[name] is None
                else f"{figure(device[name]['mean'] / unit)} / {figure(device[name]['max'] / unit)}"
                for name, unit in (*DEVICE_CHARTS.items(), ("temperature_c", 1.0))
            ),
            "–" if device["energy_j"] is None else f"{device['energy_j']:,.0f}",
        ]
        for device in block["devices"]
    ]
    head = ["mean / max", "busy, %", "memory, GiB", "power, W", "temperature, °C", "energy, J"]
    joules = block["joules_per_output_token"]
    note = "" if joules is None else f"<p>{joules:.3g} J per output token, idle draw included.</p>"
    return (
        '<section class="panel"><div class="bar"><h2>Devices</h2><span class="buttons">'
        '<button type="button" data-csv="devices">CSV</button></span></div>'
        f'<div id="devices" class="chart tall"></div>{table(head, rows, "numbers")}{note}</section>'
    )
