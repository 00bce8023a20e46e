"""Panels on the servers' own metrics and on their accelerators."""

from __future__ import annotations

from html import escape
from typing import Any

from aisbench.metrics import BY_KEY
from aisbench.report.charts.server import DEVICE_CHARTS
from aisbench.report.page.table import figure, said, table


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
        '<section class="panel"><div class="bar"><h2>Server metrics</h2><span class="buttons">'
        '<button type="button" data-csv="server">CSV</button></span></div>'
        '<p class="hint">Read from the server\'s metrics page once a second. The concurrency chart above draws its running and '
        "waiting requests.</p>"
        '<div id="server" class="chart short" hidden></div>'
        f"{table(['', 'mean', 'peak'], rows, 'numbers') if rows else ''}{_reconcile(block['reconcile'])}"
        f"{_speculation(block['spec_decode'])}{counters}</section>"
    )


def _reconcile(found: dict[str, Any]) -> str:
    """A table of the server's latencies beside the client's; "" if there are none to compare."""
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
    head = ["ms", "mean at the server", "mean at the client", "added by network and client"]
    head += [f"{name}: server's bucket / client" for name in percents]
    return (
        f"<h3>Latencies measured by the server and by the client</h3>{table(head, rows, 'numbers')}"
        '<p class="hint">The server counts from when it accepted a request to when it handed the answer to its HTTP '
        "layer. The difference is due to the network, that layer and this client. If the numbers of requests differ (the server had "
        "other clients, or requests failed or were cut off here), the means cover different requests and the difference is not shown.</p>"
    )


def between(edges: list[float | None] | None) -> str:
    if edges is None:
        return "–"
    low, high = edges
    return f"above {figure(low or 0)}" if high is None else f"{figure(low or 0)} to {figure(high)}"


def _speculation(found: dict[str, Any] | None) -> str:
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
                for name, _, unit in (*DEVICE_CHARTS, ("temperature_c", "", 1.0))
            ),
            "–" if device["energy_j"] is None else f"{device['energy_j']:,.0f}",
        ]
        for device in block["devices"]
    ]
    head = ["mean / max", *(title for _, title, _ in DEVICE_CHARTS), "temperature, °C", "energy, J"]
    joules = block["joules_per_output_token"]
    note = "" if joules is None else f"<p>{joules:.3g} J per output token, including idle power.</p>"
    return (
        '<section class="panel"><div class="bar"><h2>Devices</h2><span class="buttons">'
        '<button type="button" data-csv="devices">CSV</button></span></div>'
        f'<div id="devices" class="chart tall"></div>{table(head, rows, "numbers")}{note}</section>'
    )
