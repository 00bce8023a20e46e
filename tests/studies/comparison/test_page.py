"""comparison.html in a real browser, opened from disk, and the table of the console."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aisbench.studies.comparison.comparing import Comparison, compare
from aisbench.studies.comparison.judge import Cell
from aisbench.studies.comparison.page import write_comparison
from aisbench.studies.comparison.result import Group
from aisbench.studies.comparison.table import comparison_text, difference_text, figure
from bench.browser import Page
from tests.studies.comparison.made_results import made

NASTY = '<script>alert(1)</script> {{metrics}} & "quotes"'


def made_comparison() -> Comparison:
    ours = Group(
        "ours", tuple(made(seed=at, verdict="valid", fingerprint={"bodies": "ab" * 32}) for at in range(3))
    )
    theirs = Group(NASTY, tuple(made("vllm bench serve", ttft=70, seed=at) for at in (7, 8, 9)))
    other = Group("AIPerf", (made("AIPerf", data=False, path=NASTY),))
    return compare([ours, theirs, other])


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Page:
    write_comparison(made_comparison(), tmp_path)
    page.driver.get((tmp_path / "comparison.html").as_uri())
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_from_disk_without_a_complaint(opened: Page, width: int, scheme: str) -> None:
    opened.prefer(scheme)
    opened.resize(width, 900)
    assert opened.complaints() == []
    assert opened.value("document.documentElement.scrollWidth") <= width
    background = opened.value("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(244, 246, 249)", "dark": "rgb(15, 19, 26)"}[scheme]


def test_what_it_shows(opened: Page) -> None:
    opened.resize(1280, 900)
    text = opened.value("document.querySelector('main').innerText")
    assert text.count(NASTY) >= 3, "names stay words"
    assert opened.value("document.querySelectorAll('script').length") == 0
    row = "Array.from(document.querySelectorAll('.compared tbody tr')).find((r) => r.innerText.startsWith('TTFT mean'))"
    assert "differs" in opened.value(f"{row}.innerText")
    assert opened.value(f"{row}.querySelectorAll('svg').length") == 1, "no bar without an interval"
    assert "abababababababab" in text
    assert "Why these two may differ" in text
    assert "first 8 requests at one instant" in text


def test_it_needs_nothing_but_itself(tmp_path: Path) -> None:
    write_comparison(made_comparison(), tmp_path / "made" / "on the way")
    text = (tmp_path / "made" / "on the way" / "comparison.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert "url(" not in text
    assert "@import" not in text


def test_the_console() -> None:
    text = comparison_text(made_comparison())
    assert "ours (baseline): aisbench, 3 runs, chat, rate inf, in-flight limit 8, verdict valid" in text
    line = next(line for line in text.splitlines() if line.startswith("TTFT mean"))
    assert re.search(r"49\.\d+ \{49\.\d+, 49\.\d+\}", line)
    assert re.search(r"\+40\.\d% \(\+\d+\.\d% to \+\d+\.\d%\)", line)
    assert "AIPerf against ours" in text
    assert max(len(line) for line in text.split("AIPerf against ours")[1].splitlines()) <= 110


@pytest.mark.parametrize(
    ("value", "shown"),
    [(12.0, "12"), (0.12345, "0.123"), (12.345, "12.35"), (1234.56, "1,234.6"), (98765.4, "98,765")],
)
def test_figures(value: float, shown: str) -> None:
    assert figure(value) == shown


CUT = "Array.from(document.querySelectorAll('.scroll')).filter((s) => s.scrollWidth > s.clientWidth).length"


@pytest.mark.parametrize("width", [1280, 1000])
def test_the_verdicts_are_in_view(page: Page, tmp_path: Path, width: int) -> None:
    ours = Group("ours", (made(seed=1, path="/a/long/path/of/outputs/default/20261123_140000"),))
    theirs = Group("theirs", (made("vllm bench serve", ttft=70, seed=7, path="/another/" + "long/" * 12),))
    write_comparison(compare([ours, theirs]), tmp_path)
    page.resize(width, 900)
    page.driver.get((tmp_path / "comparison.html").as_uri())
    assert page.value(CUT) == 0
    right = page.value(
        "Math.max(...Array.from(document.querySelectorAll('.compared .chip'), (c) => c.getBoundingClientRect().right))"
    )
    assert 0 < right <= width


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell(64_000, True, difference=-34_050.0), "-34,050"),
        (Cell(64_000, True, difference=1_234_567.0), "+1,234,567"),
        (Cell(10, True, difference=0.0), "0"),
        (Cell(10.5, True, difference=0.3333), "+0.333"),
        (Cell(105.0, ratio=1.05, relative_low=0.01, relative_high=0.09), "+5.0% (+1.0% to +9.0%)"),
        (Cell(3e6, ratio=30_000.0, relative_low=25_000.0, relative_high=4e4), "x30,000 (x25,001 to x40,001)"),
    ],
)
def test_differences_can_be_read(cell: Cell, text: str) -> None:
    assert difference_text(cell) == text
