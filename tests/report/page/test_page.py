"""report.html in a real browser, opened from disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.charts import timeline as page_timeline
from aisbench.report.charts.latency_curves import curves
from bench.browser import Page
from tests.analysis.made_runs import base_config, drop, fail, made_rows, poisson_run, write_run
from tests.analysis.summaries import summarise
from tests.report.written import written

CHARTS = ("concurrency", "timeline", "request-curves", "token-curves", "errors")
NASTY = '<script>alert(1)</script> </script><!-- {{command}} \u2028 & "quotes"'


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 requests, a few failed, with words in every free field that would break a careless page."""
    sample = {"kind": "http_500", "http_status": 500, "slot": 37, "message": NASTY}
    return written(
        poisson_run(
            tmp_path_factory.mktemp("runs") / "20261123_140000",
            600,
            100.0,
            workers=2,
            config={"label": NASTY, "model": NASTY, "concurrency": 64, "goodput": {"ttft": 100.0}},
            command=["aisbench-load", "--label", NASTY],
            error_samples=[sample],
            notes=[NASTY],
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_from_disk_without_a_complaint(page: Page, report: Path, width: int, scheme: str) -> None:
    page.prefer(scheme)
    page.resize(width, 900)
    page.open(report)
    assert page.complaints() == []
    for name in CHARTS:
        assert page.value(f"document.querySelectorAll('#{name} .scatterlayer .trace').length") >= 1, name
        assert page.value(f"document.getElementById('{name}').getBoundingClientRect().width") <= width
    assert page.value("document.documentElement.scrollWidth") <= width
    background = page.value("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(244, 246, 249)", "dark": "rgb(15, 19, 26)"}[scheme]


def test_it_needs_nothing_but_itself(report: Path) -> None:
    text = report.read_text()
    outside = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", outside)
    assert "@import" not in outside
    assert "url(" not in outside
    assert "{{" not in outside.replace("{{command}}", ""), "a place was left open"


def test_the_words_of_the_run_stay_words(page: Page, report: Path) -> None:
    page.open(report)
    assert page.value("document.querySelectorAll('main script').length") == 0
    assert NASTY in page.value("document.body.innerText").replace("\n", " ")
    assert (
        page.value("document.getElementById('command').textContent")
        == "aisbench-load --label '" + NASTY + "'"
    )


def test_what_stands_on_top(page: Page, report: Path) -> None:
    page.resize(1280, 900)
    page.open(report)
    text = page.value("document.querySelector('main').innerText")
    assert (
        text.index("valid")
        < text.index("Requests/s")
        < text.index("Concurrency")
        < text.index("Request timeline")
    )
    assert "597" in page.value("document.querySelector('.cards').innerText")
    assert page.value("Array.from(document.querySelector('.numbers').querySelectorAll('tbody th'), (n) => n.textContent)") == [
        "TTFT", "TPOT", "ITL", "E2EL", "Normalised E2EL", "TTFT from plan", "E2EL from plan",
    ]  # fmt: skip


def test_both_charts_zoom_together(page: Page, report: Path) -> None:
    page.open(report)
    page.after("Plotly.relayout('concurrency', {'xaxis.range': [2, 3]})")
    page.wait("String(document.getElementById('timeline').layout.xaxis.range) === '2,3'")
    bottom, top = page.value("document.getElementById('timeline').layout.yaxis.range")
    assert 100 < top < bottom < 400, "the requests of that time are in view"
    page.after("Plotly.relayout('timeline', {'xaxis.range': [1, 1.5]})")
    page.wait("String(document.getElementById('concurrency').layout.xaxis.range) === '1,1.5'")
    assert page.complaints() == []


def test_hover_over_the_timeline_tells_the_numbers(page: Page, report: Path) -> None:
    page.open(report)
    run = Run.load(report.parent)
    first = run.rows[0]
    page.after("Plotly.relayout('timeline', {'yaxis.range': [5.5, -0.5]})")
    page.driver.execute_script(
        "const gd = document.getElementById('timeline'); gd.scrollIntoView();"
        "const box = gd.getBoundingClientRect(), size = gd._fullLayout._size;"
        "gd.dispatchEvent(new MouseEvent('mousemove', {bubbles: true,"
        " clientX: box.left + size.l + 100, clientY: box.top + size.t + 20}));"
    )
    tip = page.value("document.getElementById('tip').textContent")
    assert tip.startswith("request 0: ok")
    assert page.value("tipText(37)").startswith("request 37: failed (http_500)")
    assert f"TTFT     {(first['first_token_ns'] - first['sent_ns']) / 1e6:.2f} ms" in tip
    assert f"100 in, {first['output_tokens']} out" in tip


def press(page: Page, chart: str, *keys: str) -> None:
    """As somebody at the keyboard, who has come to the chart."""
    place = page.driver.find_element("id", chart)
    page.value(f"document.getElementById('{chart}').focus()")
    for key in keys:
        place.send_keys(key)


def test_charts_are_reached_and_moved_by_keyboard(page: Page, report: Path) -> None:
    page.open(report)
    shown = "document.getElementById('concurrency').layout.xaxis.range"
    whole = page.value(shown)
    press(page, "concurrency", "+", "+")
    page.wait(f"{shown}[1] - {shown}[0] < {whole[1] / 3.9}")
    begin = page.value(shown)[0]
    press(page, "concurrency", Keys.ARROW_RIGHT)
    page.wait(f"{shown}[0] > {begin}")
    page.wait(f"document.getElementById('timeline').layout.xaxis.range[0] === {shown}[0]")
    press(page, "concurrency", Keys.HOME)
    page.wait(f"{shown}[1] === {whole[1]} && {shown}[0] === {whole[0]}")
    press(page, "concurrency", "-", Keys.ARROW_LEFT)
    assert page.value(shown) == whole, "there is nothing beyond the run"
    reached = page.value("Array.from(document.querySelectorAll('.chart[tabindex=\"0\"]'), (c) => c.id)")
    assert set(CHARTS) <= set(reached)
    assert page.value("document.getElementById('heat').getAttribute('aria-label')").startswith(
        "Chart: Latency over time. Keys: plus"
    )
    assert page.complaints() == []


def test_the_timeline_tells_of_requests_by_keyboard(page: Page, report: Path) -> None:
    page.open(report)
    page.after("Plotly.relayout('timeline', {'yaxis.range': [42.5, 36.5]})")
    tip = "document.getElementById('tip')"
    press(page, "timeline", Keys.ARROW_DOWN)
    page.wait(f"{tip}.textContent.startsWith('request 37: failed (http_500)')")
    press(page, "timeline", Keys.ARROW_DOWN)
    page.wait(f"{tip}.textContent.startsWith('request 38: ok')")
    press(page, "timeline", Keys.ARROW_UP, Keys.ARROW_UP)
    page.wait(f"{tip}.textContent.startsWith('request 37: ')")
    assert page.value(f"{tip}.hidden") is False
    press(page, "timeline", Keys.ESCAPE)
    page.wait(f"{tip}.hidden")
    assert page.complaints() == []


def test_a_limit_shows_what_waited_for_it(page: Page, tmp_path: Path) -> None:
    """Due every 50 ms, each takes 110.5 ms, and only one may be in flight: they leave every 120 ms."""
    rows = made_rows(np.arange(20) * 50.0, lag_ms=np.arange(20) * 70.0, ttft_ms=40.0)
    report = written(write_run(tmp_path / "run", rows, config=base_config(rate=20.0, concurrency=1)))
    page.open(report)
    planned = "document.getElementById('concurrency').data.find((t) => t.name === 'planned').y"
    in_flight = "document.getElementById('concurrency').data.find((t) => t.name === 'in flight').y"
    assert page.value(f"Math.max(...{planned})") == 13
    assert page.value(f"Math.max(...{in_flight})") == 1
    lines = page.value("CSV.in_flight()").splitlines()
    assert lines[0] == "name,seconds,value"
    assert {line.split(",")[0] for line in lines[1:]} == {"in_flight", "planned"}


def test_the_data_behind_the_charts_can_be_had(page: Page, report: Path) -> None:
    page.open(report)
    run = Run.load(report.parent)
    lines = page.value("CSV.timeline()").splitlines()
    assert (
        lines[0] == "slot,sent_s,wait_ms,ttft_ms,decode_ms,until_done_ms,prompt_tokens,output_tokens,status"
    )
    assert len(lines) == 1 + len(run.rows)
    assert float(lines[1].split(",")[1]) == pytest.approx((run.rows["sent_ns"][0] - run.start_ns) / 1e9)
    assert lines[38].endswith("failed")
    for name in ("in_flight", "rates", "curves", "errors"):
        assert len(page.value(f"CSV.{name}()").splitlines()) > 10
    names = page.value("Array.from(document.querySelectorAll('[data-csv]'), (b) => b.dataset.csv)")
    assert names == ["in_flight", "rates", "timeline", "curves", "heat", "errors", "lag", "delay"]


def test_no_button_hands_the_data_to_a_service(page: Page, report: Path) -> None:
    page.open(report)
    titles = page.value("Array.from(document.querySelectorAll('.modebar-btn'), (n) => n.dataset.title)")
    assert titles
    assert not [title for title in titles if "cloud" in title.lower() or "share" in title.lower()]


def test_another_colour_scheme_while_open_keeps_the_zoom(page: Page, report: Path) -> None:
    page.prefer("light")
    page.open(report)
    page.after("Plotly.relayout('concurrency', {'xaxis.range': [2, 3]})")
    page.prefer("dark")
    page.wait("document.getElementById('concurrency')._fullLayout.font.color === '#e5eaf2'")
    assert page.value("document.getElementById('concurrency').layout.xaxis.range") == [2, 3]
    assert page.complaints() == []


@pytest.mark.parametrize("kind", ["empty", "one", "closed", "crashed"])
def test_odd_runs_are_drawn_too(page: Page, kind: str, tmp_path: Path) -> None:
    rows = made_rows([] if kind == "empty" else np.zeros(1 if kind == "one" else 40))
    options: dict[str, Any] = {}
    if kind == "closed":
        drop(rows, [3])
        fail(rows, [5], "connect")
        options["config"] = base_config(concurrency=50)
    if kind == "crashed":
        rows["status"][20:] = 0
        rows["done_ns"][20:] = 0
        options = {"outcome": "running", "forget": ["workers", "end_ns", "host", "limits", "fingerprint"]}
    page.open(written(write_run(tmp_path / kind, rows, **options)))
    assert page.complaints() == []
    assert page.value("document.querySelectorAll('#concurrency .main-svg').length") > 0


def test_whole_answers_have_no_first_token_to_draw(page: Page, tmp_path: Path) -> None:
    rows = made_rows(np.zeros(40))
    rows["first_token_ns"] = rows["last_token_ns"]
    options: dict[str, Any] = {
        "streams": False,
        "endpoints": ["http://a:1", "http://b:2"],
        "conversations": 20,
    }
    rows["endpoint"] = np.arange(40) % 2
    rows["conversation"], rows["turn"] = np.arange(40) % 20, np.arange(40) // 20
    report = written(write_run(tmp_path / "whole", rows, config=base_config(), **options))
    page.open(report)
    assert page.complaints() == []
    assert "TTFT" not in page.value("document.body.innerText")
    assert page.value("getComputedStyle(document.getElementById('token-curves')).display") == "none" or (
        page.value("document.getElementById('token-curves').offsetParent === null")
    )
    text = page.value("document.body.innerText")
    assert "By server" in text
    assert "http://b:2" in text
    assert "By turn" in text


@pytest.mark.parametrize("width", [1280, 1000])
def test_tables_by_server_have_units_and_are_not_cut(page: Page, tmp_path: Path, width: int) -> None:
    urls = ["http://a-long-name.of-a-server.example.com:8000/with/a/path", "http://b:2"]
    rows = made_rows(np.zeros(40), ttft_ms=12_345.0, tokens=400)
    rows["endpoint"] = np.arange(40) // 20
    fail(rows, np.arange(20, 40), "timeout")
    folder = write_run(tmp_path / "run", rows, config=base_config(rate=99.0), endpoints=urls)
    page.resize(width, 900)
    page.open(written(folder))
    head = page.value("document.querySelector('table.groups thead tr').innerText")
    for column in ("requests/s", "output tokens/s", "TTFT, ms\nmean / p50 / p99", "E2EL, ms"):
        assert column in head
    cut = "Array.from(document.querySelectorAll('.scroll')).filter((s) => s.scrollWidth > s.clientWidth)"
    assert page.value(f"{cut}.map((s) => s.innerText.slice(0, 80))") == []
    second = page.value("document.querySelectorAll('table.groups tbody tr')[1].innerText")
    assert second.split()[:3] == ["http://b:2", "0", "20"]
    assert second.count("–") == 3, "none of its requests has a latency"


def test_a_hundred_thousand_requests_make_a_page_that_can_be_used(page: Page, tmp_path: Path) -> None:
    report = written(poisson_run(tmp_path / "run", 100_000, 500.0))
    assert report.stat().st_size < 15_000_000
    page.resize(1280, 900)
    page.open(report)
    assert page.complaints() == []
    said = page.value("document.getElementById('thinned').textContent")
    assert re.match(r"The chart draws [34],\d{3} of the 100,000 requests in view", said)
    flow = page.value("document.getElementById('flow-thinned').textContent")
    assert re.match(r"The chart draws \d,\d{3} of the (199|200),\d{3} changes in flight", flow), flow
    page.after("Plotly.relayout('concurrency', {'xaxis.range': [50, 51]})")
    # Zoomed in, all are drawn.
    page.wait("document.getElementById('thinned').textContent === ''")
    drawn = page.value("document.getElementById('timeline').data[1].x.length / 3")
    run = Run.load(report.parent)
    within = (run.rows["sent_ns"] - run.start_ns < 51e9) & (run.rows["last_token_ns"] - run.start_ns > 50e9)
    assert drawn == pytest.approx(np.count_nonzero(within & run.has_status("ok")), abs=2)


def test_of_more_requests_than_a_page_holds_the_slowest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_timeline, "TIMELINE_MOST", 300)
    monkeypatch.setattr(page_timeline, "TIMELINE_SPECIAL", 20)
    run = Run.load(poisson_run(tmp_path / "run", 5_000, 500.0))
    columns = page_timeline.page_columns(run)
    slots = columns["slot"]
    assert columns["total"] == 5_000
    assert 250 < len(slots) <= 300
    assert (np.diff(slots) > 0).all()
    ok = np.flatnonzero(run.has_status("ok"))
    ttft = run.rows["first_token_ns"][ok] - run.rows["sent_ns"][ok]
    assert set(ok[np.argsort(-ttft)[:20]]) <= set(slots.tolist())
    assert np.isin(slots, np.flatnonzero(run.has_status("failed"))).sum() >= 20


def test_latency_curves_end_at_the_maximum(tmp_path: Path) -> None:
    run = Run.load(poisson_run(tmp_path / "run", 3_000, 500.0))
    summary = summarise(Measured(run))
    found = curves(Measured(run))
    for name, key in (("ttft", "ttft_ms"), ("itl", "itl_ms"), ("tpot", "tpot_ms"), ("e2el", "e2el_ms")):
        fraction, ms = found[name].fraction, found[name].ms
        assert (np.diff(fraction) > 0).all()
        assert (np.diff(ms) >= 0).all()
        assert ms[-1] == pytest.approx(summary["metrics"][key]["max"])
        at = np.searchsorted(fraction, 0.9)
        assert ms[at] == pytest.approx(summary["metrics"][key]["p90"], rel=0.01)
        assert np.isfinite(ms).all()
