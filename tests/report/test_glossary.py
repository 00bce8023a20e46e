"""Every word that a page links to is explained on it, and docs/glossary.md says the same."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from aisbench.report import glossary
from bench.browser import Page
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.report.written import written

DOCUMENT = Path(__file__).parents[2] / "docs/glossary.md"


def test_the_document_says_what_the_pages_say() -> None:
    items = re.findall(
        r"^- \*\*(.+?)\*\*: (.+?)(?=\n- |\n\n|\Z)", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE
    )
    told = {word: " ".join(meaning.split()) for word, meaning in items}
    assert {word: told.get(word) for word in glossary.WORDS} == glossary.WORDS


def test_every_label_leads_to_a_word() -> None:
    assert set(glossary.LABELS.values()) <= set(glossary.WORDS)
    assert len(glossary.SLUGS) == len(glossary.WORDS)


def test_the_page_explains_the_words_it_uses(page: Page, tmp_path: Path) -> None:
    rows = made_rows(np.arange(200) * 10.0, lag_ms=30.0)
    report = written(write_run(tmp_path / "run", rows, config=base_config(rate=100.0, concurrency=64)))
    page.open(report)
    used = page.value("Array.from(document.querySelectorAll('a.word'), (a) => a.textContent)")
    for opaque in (
        "reader's rest",
        "reads with several tokens",
        "MSER-5",
        "share of the client's roofline",
        "TTFT",
    ):
        assert opaque in used, opaque
    targets = (
        "Array.from(document.querySelectorAll('a.word'), (a) => document.getElementById(a.hash.slice(1)))"
    )
    assert page.value(f"{targets}.every((place) => place && place.querySelector('dd').textContent)") is True
    tips = page.value("Array.from(document.querySelectorAll('a.word'), (a) => a.title)")
    assert all(len(tip) > 20 for tip in tips)
    assert "tokens came behind" not in page.value("document.body.innerText")
    assert page.complaints() == []


def test_a_page_without_links_has_no_glossary() -> None:
    assert glossary.section("<p>TTFT</p>") == ""
    assert glossary.linked("<no such word>") == "&lt;no such word&gt;"
