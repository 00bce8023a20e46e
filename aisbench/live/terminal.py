"""Shows a run in progress: a panel on a terminal, otherwise a plain line every few seconds."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from aisbench.live.snapshot import Snapshot
from aisbench.report.shown import shown
from aisbench.report.text.sparkline import sparkline

if TYPE_CHECKING:
    from rich.table import Table

# Plain lines go to logs: often enough to show that the run is alive, seldom enough to read.
_PLAIN_EVERY_S = 5.0
_BAR_CELLS = 30
# The sparklines show one minute, at two snapshots per second.
SPARK_SNAPSHOTS = 120
_WIDEST_SPARK = 60
_NARROWEST_SPARK = 8
# Widths of what stands beside a sparkline: the frame with the labels, and the row's value.
_FRAME_CELLS = 21
_VALUE_CELLS = 24

# The values of one snapshot that sparklines draw, by the label of their row.
Point = dict[str, float | None]


def progress(snapshot: Snapshot) -> float | None:
    """The share of the run that is done, 0 to 1: of its time if that is known, otherwise of its requests."""
    if snapshot.remaining_s is not None and snapshot.elapsed_s + snapshot.remaining_s > 0:
        return snapshot.elapsed_s / (snapshot.elapsed_s + snapshot.remaining_s)
    if snapshot.planned:
        return min(1.0, snapshot.done / snapshot.planned)
    return None


def clock(seconds: float) -> str:
    """h:mm:ss, or m:ss below an hour."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def fields(snapshot: Snapshot) -> list[tuple[str, str]]:
    """(label, value) of each row that the panel and the plain line show."""
    target = "no fixed target" if snapshot.asked_rate is None else f"target {snapshot.asked_rate:.1f}"
    limit = "" if snapshot.limit is None else f" of {snapshot.limit}"
    planned = "" if snapshot.planned is None else f" of {snapshot.planned:,}"
    left = "" if snapshot.remaining_s is None else f", {clock(snapshot.remaining_s)} left"
    rows = [
        ("time", f"{clock(snapshot.elapsed_s)}{left}"),
        (
            "requests",
            f"{snapshot.sent:,}{planned} sent, {snapshot.done:,} done, {snapshot.failed:,} of them failed",
        ),
        ("rate", f"{_shown_with(snapshot.achieved_rate, '.1f', '/s')} ({target})"),
        ("in flight", f"{snapshot.in_flight}{limit}"),
        ("tokens", _shown_with(snapshot.tokens_per_s, ",.0f", "/s")),
        ("TTFT p50 / p99", _pair(snapshot.ttft_p50_ms, snapshot.ttft_p99_ms, ".1f")),
        ("ITL p50 / p99", _pair(snapshot.itl_p50_ms, snapshot.itl_p99_ms, ".2f")),
    ]
    if snapshot.nodes:
        rows.append(("nodes", snapshot.nodes))
    if snapshot.errors:
        rows.append(("errors", ", ".join(f"{kind} {count:,}" for kind, count in snapshot.errors.items())))
    return rows


def _shown_with(value: float | None, form: str, unit: str) -> str:
    return shown(value, form) + ("" if value is None else unit)


def _pair(low: float | None, high: float | None, form: str) -> str:
    return f"{shown(low, form)} / {shown(high, form)}" + ("" if high is None else " ms")


def plain_line(snapshot: Snapshot) -> str:
    return " | ".join(f"{label} {value}" for label, value in fields(snapshot))


def panel_fields(snapshot: Snapshot) -> list[tuple[str, str]]:
    """`fields`, with rows for which only the panel and the page have room."""
    rows = fields(snapshot)
    at = [label for label, _ in rows].index("ITL p50 / p99") + 1
    rows.insert(at, ("E2EL p50 / p99", _pair(snapshot.e2el_p50_ms, snapshot.e2el_p99_ms, ".1f")))
    return rows


def point(snapshot: Snapshot) -> Point:
    return {
        "in flight": snapshot.in_flight,
        "tokens": snapshot.tokens_per_s,
        "TTFT p50 / p99": snapshot.ttft_recent_ms,
    }


def panel(snapshot: Snapshot, recent: Iterable[Point] = (), width: int = 80) -> Table:
    """The snapshot as a rich table, at most `width` characters wide. `recent`: the points that the sparklines draw."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.ROUNDED, show_header=False, title="aisbench", title_justify="left")
    table.add_column(style="dim", no_wrap=True)
    table.add_column(min_width=min(44, width - _FRAME_CELLS))
    recent = list(recent)
    cells = min(_WIDEST_SPARK, width - _FRAME_CELLS - _VALUE_CELLS)
    for label, value in panel_fields(snapshot):
        text = Text(value, style="red" if label == "errors" else "")
        if cells >= _NARROWEST_SPARK and recent and label in recent[-1]:
            # The newest value is always at the right end, so that the panel keeps its width.
            spark = sparkline([point[label] for point in recent], cells).rjust(cells)
            text = Text.assemble(f"{value:<{_VALUE_CELLS}}", (spark, "cyan"), no_wrap=True)
        table.add_row(label, text)
    done = progress(snapshot)
    if done is not None:
        filled = round(done * _BAR_CELLS)
        table.add_row("progress", f"{'█' * filled}{'░' * (_BAR_CELLS - filled)} {100 * done:.0f} %")
    return table


class LiveView:
    """A context manager that shows the snapshots passed to `update`.

    On a terminal it redraws the panel in place. Elsewhere it writes a line every _PLAIN_EVERY_S. With `quiet` it
    writes nothing.
    """

    def __init__(self, file: TextIO | None = None, *, quiet: bool = False) -> None:
        self.file = file or sys.stderr
        self.quiet = quiet
        self.live: Any = None
        self.recent: deque[Point] = deque(maxlen=SPARK_SNAPSHOTS)
        self.line_due_s = 0.0

    def __enter__(self) -> LiveView:
        return self

    def begin_panel(self) -> None:
        """Takes over the terminal. Called at the first snapshot, because others write to the terminal before it."""
        from rich.console import Console
        from rich.live import Live

        # Only `update` redraws it, so no thread runs beside the benchmark.
        self.live = Live(console=Console(file=self.file), auto_refresh=False, transient=True)
        self.live.__enter__()

    def update(self, snapshot: Snapshot) -> None:
        if self.live is None and not self.quiet and self.file.isatty():
            self.begin_panel()
        if self.live is not None:
            self.recent.append(point(snapshot))
            self.live.update(panel(snapshot, self.recent, self.live.console.width), refresh=True)
        elif not self.quiet and time.monotonic() >= self.line_due_s:
            self.line_due_s = time.monotonic() + _PLAIN_EVERY_S
            print(plain_line(snapshot), file=self.file, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live is not None:
            self.live.__exit__(kind, value, trace)
