"""`aisbench workload describe --page`, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aisbench.cli.workload.workload import workload
from aisbench.errors import BadInput
from bench.browser import Page

NASTY = '<script>alert(1)</script> {{title}} & "quotes".jsonl'


def described(*args: str) -> str:
    done = CliRunner().invoke(workload, ["describe", *args], catch_exceptions=False, standalone_mode=False)
    return done.stdout


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    """Six sessions of three turns each, one a second, in a file whose name would break a careless page."""
    path = tmp_path / NASTY.replace("/", "\u2215")
    turns = [
        {"messages": [{"role": "user", "content": "word " * 100}], "output_tokens": 20, "think_s": 0.5 * turn}
        for turn in range(3)
    ]
    rows = ({"session": str(i), "at_s": i, "turns": turns} for i in range(6))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_page_of_sessions(page: Page, sessions: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.html"
    said = described(str(sessions), "--page", str(out))
    assert said.endswith(f"written: {out}\n")
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.prefer(scheme)
        page.resize(width, 900)
        page.open(out)
        assert page.complaints() == []
        assert page.value("document.documentElement.scrollWidth") <= width
    for chart in ("rates", "lengths", "turns", "pauses", "by-turn", "hits"):
        assert page.value(f"document.querySelectorAll('#{chart} .scatterlayer .trace').length") >= 1, chart
    assert sessions.name in page.value("document.querySelector('header').innerText")
    assert page.value("document.querySelectorAll('main script').length") == 0
    assert "18" in page.value("document.querySelector('.cards').innerText")
    assert page.value("CSV['by-turn']().split('\\n')[1]").startswith("1,6,100,20,")
    assert page.value("CSV.hits().split('\\n')[0]") == "cache_tokens,hit_share"


def test_a_page_of_a_trace(page: Page, tmp_path: Path) -> None:
    rows = (
        {"timestamp": 1000 * i, "input_length": 1024, "output_length": 9, "hash_ids": [1, i]}
        for i in range(9)
    )
    trace = tmp_path / "t.jsonl"
    trace.write_text("".join(json.dumps(row) + "\n" for row in rows))
    facts = json.loads(described(str(trace), "--page", str(tmp_path / "w.html"), "--json"))
    page.open(tmp_path / "w.html")
    assert page.complaints() == []
    assert page.value("document.getElementById('turns')") is None, "a trace of single requests"
    level = page.value("document.getElementById('hits').data[0].y[0]")
    assert level == pytest.approx(100 * facts["cache_hits"]["endless"], abs=1e-3)


def test_a_page_that_cannot_be_written(sessions: Path, tmp_path: Path) -> None:
    path = tmp_path / "gone" / "w.html"
    with pytest.raises(BadInput, match=r"--page .*gone/w\.html cannot be written .*; give another file"):
        described(str(sessions), "--page", str(path))
