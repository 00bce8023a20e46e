"""The table of the clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median

from bench.peers.load import TOKENS, answer_s
from bench.peers.measuring import Measurement

HEAD = ["client", "version", "TTFT mean, ms", "TTFT p99, ms", "ITL mean, ms", "ITL p99, ms"]
# Each row has its own truth, because the server may have waited for its core while that client ran.
HEAD += ["true TTFT mean, ms", "events/s", "CPU per event, us", "remark"]


def client_row(name: str, version: str, found: list[Measurement]) -> list[str]:
    """The medians of all rounds; "-" for what the client did not report, or if no round gave a figure."""
    good = [one for one in found if one.truth]
    return [
        name,
        version,
        _cell([one.reported.ttft_mean for one in good]),
        _cell([one.reported.ttft_p99 for one in good]),
        _cell([one.reported.itl_mean for one in good]),
        _cell([one.reported.itl_p99 for one in good]),
        _cell([one.truth["ttft_wire"]["mean_ms"] for one in good]),
        f"{median(one.events_per_s for one in good):,.0f}" if good else "-",
        _cpu_cell(good),
        _remark(found),
    ]


def truth_row(found: list[list[Measurement]], streams: int) -> list[str]:
    """The referee's own figures, from the arrival of a request at its host: over the clients, of each the median."""

    def over_clients(figure: Callable[[Measurement], float]) -> str:
        medians = [
            median(map(figure, good)) for runs in found if (good := [one for one in runs if one.truth])
        ]
        return _range(medians)

    return [
        "truth, by the referee",
        "-",
        over_clients(lambda one: one.truth["ttft_wire"]["mean_ms"]),
        over_clients(lambda one: one.truth["ttft_wire"]["p99_ms"]),
        over_clients(lambda one: one.truth["itl"]["mean_ms"]),
        over_clients(lambda one: one.truth["itl"]["p99_ms"]),
        "-",
        f"{streams * TOKENS / answer_s(streams):,.0f} at most",
        "-",
        "the lowest and highest of the clients' runs",
    ]


def _cell(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known):.2f}" if known else "-"


def _range(values: list[float]) -> str:
    if not values:
        return "-"
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def _cpu_cell(good: list[Measurement]) -> str:
    """Of the rounds in which the start cancels out, if there are any."""
    known = [one.cpu_us for one in good if not one.with_start_up] or [one.cpu_us for one in good]
    figures = [value for value in known if value is not None]
    if not figures:
        return "-"
    return f"{median(figures):.2f}" + (f" ({_range(figures)})" if len(figures) > 1 else "")


def _remark(found: list[Measurement]) -> str:
    remarks = sorted({one.reported.remark for one in found} - {""})
    if all(one.with_start_up for one in found if one.truth) and any(one.truth for one in found):
        remarks.append("CPU time includes the start")
    failed = [one.problem for one in found if one.problem]
    if failed:
        remarks.append(f"failed in {len(failed)} of {len(found)} rounds: {failed[-1]}")
    return "; ".join(remarks)
