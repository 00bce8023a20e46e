"""Console lines on parts of a run: its stages, slices, devices, servers and turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import fmean
from typing import Any

from aisbench.metrics import BRIEF
from aisbench.report.shown import known, shown
from aisbench.report.stages import too_little

_GIB = 1 << 30


def stages(stable: dict[str, Any]) -> Iterator[str]:
    """A line for the stable stage and one for the settled stage, if the run has them."""
    for name, title in (("aisbench", "Stable stage"), ("statistical", "Settled (MSER-5)")):
        stage = stable[name]
        if stage["window_ms"] is None:
            continue
        nothing = too_little(stage)
        if nothing:
            yield f"{title:<19} none: {nothing}"
            continue
        begin, end = (ms / 1e3 for ms in stage["window_ms"])
        metrics = stage["metrics"]
        short = (
            ""
            if stage["long_enough"]
            else "; short compared with its longest request, so throughput is approximate"
        )
        latencies = ", ".join(
            f"{metric.title} {shown(known(metrics[metric.key], 'mean'))}"
            for metric in BRIEF
            if metric.key in metrics
        )
        yield (
            f"{title:<19} {begin:.2f} to {end:.2f} s: {stage['completed']} requests, "
            f"{stage['request_throughput']:.2f} req/s, {stage['output_throughput']:.2f} tok/s, "
            f"{latencies} ms (mean){short}"
        )


def slice_lines(block: dict[str, Any] | None) -> Iterator[str]:
    """The range of the figures over the slices, without the first and the last, which do not have the full load."""
    whole = block["slices"][1:-1] if block is not None else []
    if block is None or not whole:
        return

    def ranges(*names: tuple[str, str, str]) -> str:
        found = [
            (title, [value for part in whole if (value := part.get(name)) is not None], unit)
            for name, title, unit in names
        ]
        return ", ".join(f"{title}{min(ys):.2f} to {max(ys):.2f}{unit}" for title, ys, unit in found if ys)

    rates = ranges(("request_throughput", "", " req/s"), ("output_throughput", "", " tok/s"))
    latencies = ranges(*((f"mean_{metric.key}", f"{metric.title} ", "") for metric in BRIEF))
    told = f"{rates}, {latencies} ms (mean)" if latencies else rates
    failing = sum(part["failed"] > 0 for part in whole)
    title = f"Slices of {block['width_s']:g} s"
    yield f"{title:<19} {len(whole)} whole: {told}; failures in {failing}"


def device_lines(block: dict[str, Any] | None) -> Iterator[str]:
    """A line for each model of accelerator, and one for the energy."""
    if block is None:
        return
    by_name: dict[str, list[dict[str, Any]]] = {}
    for device in block["devices"]:
        by_name.setdefault(device["name"], []).append(device)
    for name, devices in by_name.items():
        told = [f"{len(devices)} x {name}"]
        forms: tuple[tuple[str, Callable[[float, float], str]], ...] = (
            ("utilisation_percent", lambda mean, most: f"{mean:.0f} % busy (max {most:.0f})"),
            ("memory_used_bytes", lambda mean, most: f"{mean / _GIB:.1f} GiB each (max {most / _GIB:.1f})"),
            ("power_w", lambda mean, most: f"{mean:.0f} W each (max {most:.0f})"),
        )
        for key, form in forms:
            known = [device[key] for device in devices if device[key]]
            if known:
                told.append(form(fmean(k["mean"] for k in known), max(k["max"] for k in known)))
        yield f"{'Devices':<19} {', '.join(told)}"
    if block["joules_per_output_token"] is not None:
        yield (
            f"{'Energy':<19} {block['energy_j']:.0f} J, "
            f"{block['joules_per_output_token']:.3g} J per output token"
        )


def parts(summary: dict[str, Any]) -> Iterator[str]:
    """A line for each server, node and turn of conversations, if there are several."""
    for key, name in (("endpoints", "url"), ("nodes", "node"), ("turns", "turn")):
        for row in summary[key] or ():
            latencies = ", ".join(
                f"{metric.title} {shown(_mean_of(row, metric.key))}"
                for metric in BRIEF
                if f"mean_{metric.key}" in row
            )
            yield (
                f"{name.title() + ' ' + str(row[name]):<19} {row['completed']} completed, {row['failed']} failed, "
                f"{row['output_throughput']:.2f} tok/s, {latencies} ms (mean)"
            )


def clock_lines(nodes: list[dict[str, Any]] | None) -> Iterator[str]:
    """How far the clocks of a cluster's nodes are known; nothing on one host."""
    if nodes:
        worst = max(node["clock_error_ms"] for node in nodes)
        yield f"{'Clocks of nodes':<19} known within {worst:.2f} ms"


def _mean_of(row: dict[str, Any], key: str) -> float | None:
    return row[f"mean_{key}"] if row["completed"] else None
