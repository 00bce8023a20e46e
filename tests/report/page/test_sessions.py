"""The panels on sessions, in a real browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.browser import Page
from tests.analysis.made_runs import made_rows, write_run
from tests.analysis.sessions.made import measured, three_sessions
from tests.report.written import written

CHARTS = ("sessions", "turns", "cached-share")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(measured(tmp_path_factory.mktemp("runs") / "run", three_sessions()).run.folder)


def panel(page: Page, chart: str) -> str:
    text: str = page.value(f"document.getElementById('{chart}').closest('section').innerText")
    return text


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_three_panels_without_a_complaint(page: Page, report: Path, width: int, scheme: str) -> None:
    page.prefer(scheme)
    page.resize(width, 900)
    page.open(report)
    assert page.complaints() == []
    assert page.value("document.documentElement.scrollWidth") <= width
    # A bar for each phase of each of the five answered turns, three pauses, and a failure.
    assert page.value("document.querySelectorAll('#sessions .barlayer .point').length") == 14
    # TTFT and TPOT by three percentiles, prompts and cached shares; TTFT, TTFT per token and counts.
    assert page.value("document.querySelectorAll('#turns .scatterlayer .trace').length") == 8
    assert page.value("document.querySelectorAll('#cached-share .scatterlayer .trace').length") == 5


def test_the_panels_tell_the_figures(page: Page, report: Path) -> None:
    page.resize(1280, 900)
    page.open(report)
    told = panel(page, "sessions")
    assert "3 of 3 planned began, 1 were completed, 1 had a turn that failed, 1 were cut off." in told
    assert "In progress at a time: 1.37 on average, at most 2." in told
    for chart in ("turns", "cached-share"):
        page.value(
            f"document.getElementById('{chart}').closest('section').querySelector('details').open = true"
        )
    assert "2\t1\t1\t200.0\t54.0\t8.00\t50.00 / 50.00 / 50.00" in panel(page, "turns")
    assert "50–60\t1\t200.0\t92.00\t50.00 / 50.00 / 50.00\t543.5" in panel(page, "cached-share")
    assert page.value("CSV.sessions().split('\\n')[1]").startswith("0,1,0,0,0")
    assert page.value("CSV.turns().split('\\n')[0]").startswith("from_turn,to_turn,sent")
    assert page.value("CSV['cached-share']().split('\\n').length") == 13


def test_a_run_of_single_requests_has_no_such_panel(page: Page, tmp_path: Path) -> None:
    page.open(written(write_run(tmp_path / "run", made_rows(np.arange(3) * 10.0))))
    assert page.complaints() == []
    for chart in CHARTS:
        assert page.value(f"document.getElementById('{chart}')") is None
