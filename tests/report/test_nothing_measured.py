"""Runs that measured nothing, or not all: a dash or a sentence everywhere, never a 0 or a NaN."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.report.figures.plots import RUN_CHARTS, run_figure
from aisbench.report.files.write import write_all
from aisbench.report.text.console import render
from aisbench.report.text.markdown import markdown
from aisbench.studies.comparison.comparing import compare
from aisbench.studies.comparison.page import write_comparison
from aisbench.studies.comparison.readers.registry import read_groups
from aisbench.studies.comparison.table import comparison_text
from aisbench.studies.saturation.plot import search_figure
from bench.browser import Page
from tests.analysis.made_runs import base_config, fail, made_rows, write_run
from tests.analysis.summaries import summarise
from tests.studies.saturation.test_page import searched

NO_WORDS = re.compile(r"\b(None|NaN|nan|null|undefined|Infinity|inf ms)\b")
KINDS = ("all failed", "all failed, sliced, in open loop", "several servers and turns", "empty", "one token")


def made(folder: Path, kind: str) -> Path:
    rows = made_rows([] if kind == "empty" else np.arange(6) * 10.0, tokens=1 if kind == "one token" else 8)
    config = base_config(concurrency=2)
    options: dict[str, Any] = {}
    if kind not in ("empty", "one token"):
        fail(rows, np.arange(6), "timeout")
    if kind == "all failed, sliced, in open loop":
        config = base_config(rate=100.0, slice_s=0.1, goodput={"tpot": 1.0})
    if kind == "several servers and turns":
        options = {"endpoints": ["http://a:1", "http://b:2"], "conversations": 6}
    return write_run(folder / kind.replace(" ", "-"), rows, config=config, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_page_console_and_markdown_have_dashes(page: Page, tmp_path: Path, kind: str) -> None:
    folder = made(tmp_path, kind)
    run = Run.load(folder)
    summary = summarise(Measured(run))
    for text in (
        render(summary, [99.0]),
        render(summary, [99.0], style="aisbench"),
        markdown(summary, [99.0]),
    ):
        assert not NO_WORDS.search(text), NO_WORDS.search(text)
        assert "-" in text
    write_all(folder)
    page.open(folder / "report.html")
    assert page.complaints() == []
    # Fields of the configuration are shown as they are.
    shown = page.value("document.querySelector('main').innerText.split('Fingerprint and host')[0]")
    assert not NO_WORDS.search(shown), NO_WORDS.search(shown)
    tpot = "Array.from(document.querySelectorAll('.card')).find((c) => c.innerText.startsWith('TPOT'))"
    assert page.value(f"{tpot}.querySelector('.value').textContent") == "–"


@pytest.mark.parametrize("kind", KINDS)
def test_plots_draw_it_or_say_why_not(tmp_path: Path, kind: str) -> None:
    run, said = Run.load(made(tmp_path, kind)), []
    for chart in RUN_CHARTS:
        for metric in ("ttft", "tpot", "itl", "e2el"):
            try:
                assert run_figure(chart, {"run": run}, metric).data is not None
            except BadInput as problem:
                said.append(str(problem))
    assert said
    assert all("nothing to draw" in words for words in said)


@pytest.mark.parametrize("baseline", ["all failed", "good"])
def test_a_comparison_with_it_cannot_tell(page: Page, tmp_path: Path, baseline: str) -> None:
    good = write_run(tmp_path / "good", made_rows(np.arange(50) * 10.0), config=base_config(concurrency=2))
    failed = made(tmp_path, "all failed")
    for folder in (good, failed):
        write_all(folder)
    pair = [good, failed] if baseline == "good" else [failed, good]
    found = compare(read_groups([str(folder) for folder in pair]))
    text = comparison_text(found)
    (row,) = [line for line in text.splitlines() if line.startswith("TTFT mean")]
    assert "cannot tell" in row
    assert not NO_WORDS.search(text)
    write_comparison(found, tmp_path / "out")
    page.driver.get((tmp_path / "out/comparison.html").as_uri())
    assert page.complaints() == []
    assert not NO_WORDS.search(page.value("document.querySelector('.compared').innerText"))


def test_a_search_with_a_load_that_all_failed_is_drawn() -> None:
    found = searched()
    for figures in found["points"][-1]["metrics"].values():
        figures.update(dict.fromkeys(set(figures) - {"count"}), count=0)
    figure = search_figure("latency", {"search": found})
    (tail,) = [trace.y for trace in figure.data if trace.name == "TTFT p99"]
    assert np.isnan(tail[-1])
    assert not np.isnan(tail[:-1]).any()
