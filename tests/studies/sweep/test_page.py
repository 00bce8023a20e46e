"""The pages of a sweep and of two sweeps, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisbench.studies.sweep.comparison.comparing import Matched, Side, SweepComparison
from aisbench.studies.sweep.comparison.page import write_sweeps
from aisbench.studies.sweep.page import write_sweep
from bench.browser import Page
from tests.studies.sweep.made_results import swept

# How many tables are wider than their place.
CUT = "Array.from(document.querySelectorAll('.scroll')).filter((s) => s.scrollWidth > s.clientWidth).length"
FASTEST = "input_len=512 concurrency=64"


def opened(page: Page, tmp_path: Path, found: dict[str, Any]) -> Page:
    path = tmp_path / "sweep.html"
    write_sweep(found, ["aisbench", "sweep", "--grid", "input_len=512,2048"], path)
    page.open(path)
    return page


def test_the_plot_shows_points_frontier_and_best(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path, swept())
    names = page.value("chart('pareto').data.map((t) => t.name)")
    assert names == ["frontier", "input_len=512", "input_len=2048", "best under the SLO"]
    hovers = page.value("Array.from(chart('pareto').data[1].customdata)")
    assert hovers == [f"input_len=512 concurrency={n}" for n in (1, 8, 64)]
    # The points of the frontier are labelled with their load, the others only when hovered over.
    assert page.value("Array.from(chart('pareto').data[1].text)") == [f"concurrency={n}" for n in (1, 8, 64)]
    assert page.value("Array.from(chart('pareto').data[2].text)") == ["", "", ""]
    assert page.value("chart('pareto').data[0].x.length") == 3
    best = page.value("[chart('pareto').data[3].x[0], chart('pareto').data[3].y[0]]")
    assert best == page.value("[chart('pareto').data[1].x[2], chart('pareto').data[1].y[2]]")
    colours = page.value("chart('pareto').data.slice(1, 3).map((t) => t.marker.color)")
    assert len(set(colours)) == 2
    text = page.value("document.body.innerText")
    assert "6 points: input_len (2) × concurrency (3); 3 runs of each." in text
    assert "best under the SLO\n1,205 tokens/s" in text
    links = page.value("Array.from(document.querySelectorAll('td a'), (a) => a.getAttribute('href'))")
    assert links[0] == "runs/input_len=512_concurrency=1/0/report.html"
    assert len(links) == 18
    assert page.complaints() == []


def test_points_are_hollow_where_the_client_was_not_valid(page: Page, tmp_path: Path) -> None:
    opened(
        page,
        tmp_path,
        swept(clients={FASTEST: "invalid"}, problems={"input_len=2048 concurrency=1": "<b>down"}),
    )
    symbols = page.value("Array.from(chart('pareto').data[1].marker.symbol)")
    assert symbols == ["circle", "circle", "circle-open"]
    text = page.value("document.body.innerText")
    assert f"{FASTEST}: CPU at 90 %" in text
    # A server's words are text, not markup.
    assert "<b>down" in text
    assert page.value("chart('pareto').data[2].x.length") == 2
    assert page.complaints() == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_fits_and_follows_the_scheme(page: Page, tmp_path: Path, width: int, scheme: str) -> None:
    page.prefer(scheme)
    page.resize(width, 900)
    opened(page, tmp_path, swept())
    page.wait(f"document.documentElement.scrollWidth <= {width}")
    page.wait("chart('pareto')._fullLayout.xaxis.gridcolor === colour('line')")
    if width > 1000:
        page.wait(f"{CUT} === 0")
    assert page.complaints() == []


def test_a_sweep_without_any_point_has_no_plot(page: Page, tmp_path: Path) -> None:
    names = [f"input_len={a} concurrency={b}" for a in (512, 2048) for b in (1, 8, 64)]
    opened(page, tmp_path, swept(problems=dict.fromkeys(names, "down")))
    assert page.value("document.getElementById('pareto').hidden") is True
    assert page.complaints() == []


def test_two_sweeps_share_a_plot(page: Page, tmp_path: Path) -> None:
    sides = (
        Side("before", tmp_path / "a", swept("concurrency=1,8")),
        Side("after", tmp_path / "b", swept("concurrency=8,64")),
    )
    first, second = sides[0].found["points"][1], sides[1].found["points"][0]
    matched = Matched("concurrency=8", first, second, (), "the same")
    only = {"before": ("concurrency=1",), "after": ("concurrency=64",)}
    write_sweeps(SweepComparison(sides, (matched,), only, 0.05, 0), tmp_path)
    page.open(tmp_path / "comparison.html")
    names = page.value("chart('pareto').data.map((t) => t.name)")
    assert [name for name in names if "frontier" in name] == ["before: frontier", "after: frontier"]
    text = page.value("document.body.innerText")
    assert "only in before: concurrency=1" in text
    assert "only in after: concurrency=64" in text
    assert page.complaints() == []
