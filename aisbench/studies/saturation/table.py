"""Prints a search on the console, and writes its points as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aisbench.analysis.backlog import Growth
from aisbench.csv_cells import write_csv
from aisbench.metrics import METRICS
from aisbench.report.shown import known, shown
from aisbench.studies.saturation.doubt import doubts
from aisbench.studies.saturation.settings import Settings
from aisbench.studies.saturation.step import Point

_WIDTH = 72
_ENDINGS = {"finished": "finished", "budget": "unfinished", "interrupted": "unfinished", "failed": "failed"}
STATISTICS = ("mean", "median", "p90", "p99")
_PLAIN = (
    *("load", "runs", "measured_s", "passes", "clear", "request_throughput", "output_throughput"),
    *("goodput", "error_rate", "in_flight_mean", "power"),
)
# Written with their intervals, where answers were scored.
_SHARES = ("accuracy", "differing")
# The same in the page's chart and table.
ACCURACY_NOTE = (
    "All loads ask the same questions, in the same drawn order; a load with more requests asks more of them. The table "
    "compares each load with the lowest, over the questions that both asked."
)
# Sentences for a table that has the share of differing answers.
DIFFERING = "answers whose text is not what the same question got when it was asked alone"
BATCHING = (
    "Batching alone may change answers of a correct server: a bound on accuracy decides, not this share"
)


def sounding_text(sounding: Mapping[str, Any], step_s: float) -> str:
    return (
        f"sounding: {sounding['in_flight']} requests in flight give {sounding['throughput']:.4g} req/s, "
        f"mean E2EL {1e3 * sounding['mean_e2el_s']:.0f} ms; steps of {step_s:g} s"
    )


def reference_text(reference: Mapping[str, Any]) -> str:
    return f"reference: {reference['answers']} questions asked one at a time"


def step_text(at: int, point: Point, unit: str, step: Mapping[str, Any]) -> str:
    """One line about a finished step; `point`: all runs at its load so far."""
    parts = [f"{point.throughput:.4g} req/s done"]
    if point.growth is not None:
        parts.append(_queue_words(point, point.growth))
    for held in point.held:
        value = "none" if held.value is None else f"{held.value:.4g}"
        parts.append(
            f"{held.term.name} {value}" + ("" if held.met else f" (not {held.term.sign} {held.term.bound:g})")
        )
    if point.differing.count:
        parts.append(f"{point.differing.happened:g} of {point.differing.count} answers differ")
    if step["early"]:
        parts.append("cut early")
    if step["client"] != "valid":
        parts.append(f"client {step['client']}")
    verdict = "passes" if point.passes else "fails"
    return f"{at:>3}  {point.load:>9.4g} {unit:<9}  {verdict:<6}  {', '.join(parts)}"


def _queue_words(point: Point, growth: Growth) -> str:
    if point.overloaded:
        return f"queue grows by {growth.per_s:.3g}/s"
    if point.beyond:
        return f"above the {point.capacity:.4g} req/s done under overload"
    return "queue steady"


def answer_text(found: Mapping[str, Any], settings: Settings, folder: Path) -> str:
    """The answer, then a line for each load."""
    lines = [*answer_lines(found, settings), *_table_lines(found), f"written: {folder}/saturation.html"]
    if found["outcome"] in ("interrupted", "budget"):
        lines.append(f"to continue: aisbench saturate --resume {folder}")
    return "\n".join(lines)


def answer_lines(found: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    unit, clients = settings.unit, doubts(found)
    yield f"{' Saturation ':=^{_WIDTH}}"

    def line(label: str, value: str) -> str:
        return f"{label + ':':<40} {value}"

    yield line("SLO", ", ".join([*found["slo"], *(["queue steady"] if settings.is_open_loop else [])]))
    if found["max_load"] is None:
        yield line("Highest load that meets it", "none of those tried")
    else:
        ends = interval_words(found["max_load_interval"])
        text = f"{found['max_load']:g} {unit} ({ends})"
        yield line("Highest load that meets it", _believed(text, clients["max_load"]))
    if found["capacity"] is not None:
        label = "Done under overload" if settings.is_open_loop else "Highest throughput"
        yield line(label, _believed(f"{found['capacity']:.4g} req/s", clients["capacity"]))
    if found["knee"] is not None:
        ends = interval_words(found["knee_interval"])
        text = f"{found['knee']:g} {unit} ({ends})"
        yield line("Knee (throughput / mean E2EL highest)", _believed(text, clients["knee"]))
    yield line("The search", ending(found))
    yield line("Verdict on the client", found["verdict"]["status"])
    for reason in found["verdict"]["reasons"]:
        yield f"  - {reason}"


def _believed(text: str, client: str) -> str:
    """`text`, a figure of the search, or "not known" if the client was invalid where it was found."""
    if client == "invalid":
        return f"not known; the client reached {text}, but was invalid at this step"
    return text + ("; the client was doubtful at this step" if client == "doubtful" else "")


def ending(found: Mapping[str, Any]) -> str:
    """Whether the search finished, and why it ended."""
    return f"{_ENDINGS[found['outcome']]}: {found['ended']}"


def interval_words(between: Sequence[float | None]) -> str:
    """An interval such as "48 to 80"; an end that is not known is a question mark."""
    return " to ".join("?" if end is None else f"{end:g}" for end in between)


def _table_lines(found: Mapping[str, Any]) -> Iterator[str]:
    scored = is_scored(found)
    yield "-" * _WIDTH
    shares = f" {'accuracy':>9} {'differ':>9}" if scored else ""
    yield (
        f"{'load':>9} {'req/s':>9} {'tok/s':>9} {'goodput':>9} {'TTFT p99':>10} {'E2EL mean':>10} {'E2EL p99':>10}"
        f"{shares}  runs"
    )
    for point in found["points"]:
        goodput = "-" if point["goodput"] is None else f"{point['goodput']:.4g}"
        shares = f" {_percent(point['accuracy']):>9} {_percent(point['differing']):>9}" if scored else ""
        yield (
            f"{point['load']:>9.4g} {point['request_throughput']:>9.4g} {point['output_throughput']:>9.5g} "
            f"{goodput:>9} {latency(point, 'ttft_ms', 'p99'):>10} {latency(point, 'e2el_ms', 'mean'):>10} "
            f"{latency(point, 'e2el_ms', 'p99'):>10}{shares}  {point['runs']} {'passes' if point['passes'] else 'fails'}"
            f"{'' if point['clear'] else ' (not clear)'}"
        )
    if found.get("reference") is not None:
        yield from (f"differ: {DIFFERING}.", f"{BATCHING}.")
    yield "=" * _WIDTH


def is_scored(found: Mapping[str, Any]) -> bool:
    """Whether the answers of this saturation.json were scored."""
    return any(point.get("accuracy") is not None for point in found["points"])


def _percent(share: Mapping[str, Any] | None) -> str:
    return "-" if share is None else f"{100 * share['share']:.1f} %"


def latency(point: Mapping[str, Any], metric: str, statistic: str) -> str:
    """A statistic of `metric`, a key such as ttft_ms, in ms with one decimal."""
    return shown(known(point["metrics"].get(metric), statistic), ".1f")


def write_points_csv(found: Mapping[str, Any], path: Path) -> None:
    """Writes one row for each load, in the order of `found`."""
    keys = [
        m.key
        for m in METRICS
        if any(m.key in point["metrics"] for point in found["points"]) or (m.headline and not m.pooled)
    ]
    shares = [f"{name}{end}" for name in _SHARES for end in ("", "_low", "_high")] if is_scored(found) else []
    rows: list[list[Any]] = [[*_PLAIN, *shares, *(f"{s}_{m}" for m in keys for s in STATISTICS)]]
    for point in found["points"]:
        figures = [known(point["metrics"].get(m), s) for m in keys for s in STATISTICS]
        known_shares = [
            known(point[name], key) for name in _SHARES for key in ("share", "low", "high") if shares
        ]
        rows.append([*(point[name] for name in _PLAIN), *known_shares, *figures])
    write_csv(rows, path)
