"""Charts of server metrics and of devices over time."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from aisbench.analysis.blocks.devices import series as device_series
from aisbench.analysis.blocks.server import gauge_series, hit_rate_series
from aisbench.analysis.series import Series, thinned
from aisbench.report.charts.chart import Table, long_table
from aisbench.report.charts.figure import TIME_MARGIN, Figure, Row, line, stacked, times, titled
from aisbench.report.charts.source import RunSource

_GIB = 1 << 30
# For each device: the figure in the samples, its title, and by how much to divide it for the unit shown.
DEVICE_CHARTS = (
    ("utilisation_percent", "busy, %", 1.0),
    ("memory_used_bytes", "memory, GiB", _GIB),
    ("power_w", "power, W", 1.0),
)
_TINTS = ("decode", "ttft", "valid", "doubtful", "failed", "wait")


def gauges(source: RunSource) -> dict[str, Series]:
    """The servers' gauges: requests `running` and `waiting`, `kv_use` and `prefix_hit_rate` in %. Missing ones are left out."""
    run, samples = source.run, source.measured.server_samples
    found = {
        name: _within(gauge_series(run, samples, name), scale)
        for name, scale in (("running", 1.0), ("waiting", 1.0), ("kv_use", 100.0))
    }
    found["prefix_hit_rate"] = _within(hit_rate_series(run, samples), 100.0)
    return {name: series for name, series in found.items() if series is not None}


def _within(points: tuple[NDArray[Any], NDArray[Any]] | None, scale: float) -> Series | None:
    """The samples from the run's start on, multiplied by `scale`; None if there are none."""
    if points is None:
        return None
    t_s, y = points
    inside = t_s >= 0
    return Series(*thinned(t_s[inside], y[inside] * scale)) if inside.any() else None


def server(source: RunSource) -> dict[str, Figure]:
    """Use of the KV cache and hits of the prefix cache, %."""
    found = gauges(source)
    traces = [
        line(title, found[name].t_s, found[name].y, tint, hovertemplate="%{y:.3~g} %")
        for name, title, tint in (
            ("kv_use", "KV cache used", "decode"),
            ("prefix_hit_rate", "prefix cache hits", "valid"),
        )
        if name in found
    ]
    if not traces:
        return {}
    layout = {
        "margin": TIME_MARGIN,
        "hovermode": "x unified",
        "showlegend": True,
        "xaxis": times(source.duration_s),
        "yaxis": titled("%", automargin=False, rangemode="tozero"),
    }
    return {"": {"data": traces, "layout": layout}}


def server_tables(source: RunSource) -> dict[str, Table]:
    found = gauges(source)
    return {"server": long_table(found)} if found else {}


def _device_gauges(source: RunSource) -> dict[str, dict[str, Series]]:
    """The series by the chart's title and then by device."""
    found = {}
    for name, title, unit in DEVICE_CHARTS:
        by_device = {
            device: shown
            for device, samples in source.measured.device_samples.items()
            if (shown := _within(device_series(source.run, samples, name), 1 / unit)) is not None
        }
        if by_device:
            found[title] = by_device
    return found


def devices(source: RunSource) -> dict[str, Figure]:
    found = _device_gauges(source)
    if not found:
        return {}
    names = list(dict.fromkeys(name for by_device in found.values() for name in by_device))
    rows, named = [], set()
    for title, by_device in found.items():
        traces = []
        for device, series in by_device.items():
            tint = _TINTS[names.index(device) % len(_TINTS)]
            # One entry in the legend stands for a device's lines in all charts.
            more = {"legendgroup": device, "showlegend": device not in named, "hovertemplate": "%{y:.5~g}"}
            named.add(device)
            traces.append(line(device, series.t_s, series.y, tint, **more))
        rows.append(Row(traces, titled(title)))
    return {"": stacked(rows, source.duration_s, showlegend=True)}


def device_tables(source: RunSource) -> dict[str, Table]:
    found = {
        f"{device} {title.replace(', ', ' ')}": series
        for title, by_device in _device_gauges(source).items()
        for device, series in by_device.items()
    }
    return {"devices": long_table(found)} if found else {}
