"""The live view on a terminal and in a log."""

import io
import time
from dataclasses import replace

import pytest
from rich.console import Console

from aisbench.live.snapshot import Snapshot
from aisbench.live.terminal import SPARK_SNAPSHOTS, LiveView, clock, panel, plain_line, point, progress

SNAPSHOT = Snapshot(
    elapsed_s=30.4, remaining_s=90.0, asked_rate=50.0, achieved_rate=49.8, in_flight=37, limit=512,
    tokens_per_s=5120.4, sent=1520, done=1480, failed=3, planned=6000, ttft_p50_ms=48.12, ttft_p99_ms=130.9,
    itl_p50_ms=10.011, itl_p99_ms=12.5, errors={"timeout": 2, "http_500": 1},
)  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_says_everything() -> None:
    assert plain_line(SNAPSHOT) == (
        "time 0:30, 1:30 left | requests 1,520 of 6,000 sent, 1,480 done, 3 of them failed | "
        "rate 49.8/s (target 50.0) | in flight 37 of 512 | tokens 5,120/s | TTFT p50 / p99 48.1 / 130.9 ms | "
        "ITL p50 / p99 10.01 / 12.50 ms | errors timeout 2, http_500 1"
    )
    assert "left" not in plain_line(Snapshot())
    assert "errors" not in plain_line(Snapshot())


def test_plain_lines_come_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    log = io.StringIO()
    with LiveView(log) as view:
        for _ in range(60):
            view.update(SNAPSHOT)
            now[0] += 0.5
    assert len(log.getvalue().splitlines()) == 6
    assert "\x1b" not in log.getvalue()


def test_the_panel_is_redrawn_in_place_on_a_terminal() -> None:
    terminal = Terminal()
    with LiveView(terminal) as view:
        view.update(SNAPSHOT)
        view.update(SNAPSHOT)
    text = terminal.getvalue()
    assert "in flight" in text
    assert "25 %" in text


def test_quiet_writes_nothing() -> None:
    terminal = Terminal()
    with LiveView(terminal, quiet=True) as view:
        view.update(SNAPSHOT)
    assert terminal.getvalue() == ""


def test_progress_by_time_or_by_requests() -> None:
    assert progress(SNAPSHOT) == pytest.approx(30.4 / 120.4)
    assert progress(Snapshot(done=5, planned=20)) == 0.25
    assert progress(Snapshot()) is None


def test_clock_grows_hours() -> None:
    assert [clock(s) for s in (0, 59.6, 3599, 3600.2)] == ["0:00", "1:00", "59:59", "1:00:00"]


@pytest.mark.parametrize("width", [120, 80, 60, 40, 24])
def test_sparklines_where_there_is_room(width: int) -> None:
    recent = [
        point(replace(SNAPSHOT, in_flight=i, tokens_per_s=float(i), ttft_recent_ms=None if i < 60 else 5.0))
        for i in range(120)
    ]
    drawn = io.StringIO()
    console = Console(file=drawn, width=width)
    console.print(panel(SNAPSHOT, recent, width))
    lines = drawn.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert "…" not in "".join(line for line in lines if "▁" in line)
    sparks = [line for line in lines if "▁" in line or "█ │" in line]
    assert len(sparks) == (3 if width >= 60 else 0)
    if width == 80:
        in_flight = next(line for line in lines if "in flight" in line)
        assert "37 of 512" in in_flight
        drawn_part = in_flight.split("512")[1].strip(" │")
        assert sorted(drawn_part) == list(drawn_part)
        assert len(set(drawn_part)) == 8


def test_the_view_keeps_a_minute_and_no_histograms() -> None:
    with LiveView(Terminal()) as view:
        for _ in range(SPARK_SNAPSHOTS + 30):
            view.update(SNAPSHOT)
    assert len(view.recent) == SPARK_SNAPSHOTS
    assert set(view.recent[0]) == {"in flight", "tokens", "TTFT p50 / p99"}
