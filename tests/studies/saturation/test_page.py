"""The page of a search, in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.backlog import STRETCHES, Flow
from aisbench.studies.saturation.page import write_saturation
from aisbench.studies.saturation.result import result
from aisbench.studies.saturation.search import Plan, informed
from aisbench.studies.saturation.settings import Settings
from aisbench.studies.saturation.step import Point, Sample
from aisbench.studies.saturation.table import answer_text, write_points_csv
from aisbench.studies.slo.held import Share
from aisbench.studies.slo.terms import parse_slo
from bench.browser import Page

SETTINGS = Settings(slo="ttft_p99<200 error_rate<0.01")
CAPACITY = 50.0
# How many tables are wider than their place.
CUT = "Array.from(document.querySelectorAll('.scroll')).filter((s) => s.scrollWidth > s.clientWidth).length"


def sample(load: float) -> Sample:
    """Ten seconds at `load` of a server that does CAPACITY: latencies grow towards it."""
    done = min(load, CAPACITY)
    ttft = 20 / max(1 - load / CAPACITY / 1.1, 0.01)
    return Sample(
        seconds=10.0,
        latencies={"ttft": np.full(1000, ttft), "tpot": np.full(1000, 9.0), "e2el": np.full(1000, ttft + 90)},
        due=1000,
        failed=0,
        good=1000 if ttft < 200 else 0,
        completed=int(done * 10),
        output_tokens=int(done * 100),
        in_flight_mean=load / 10,
        flow=Flow(np.full(STRETCHES, float(load)), np.full(STRETCHES, float(done))),
    )


def searched(**clients: str) -> dict[str, Any]:
    """`clients`: at48="invalid", what the client was at a load; doubtful at 48 unless said otherwise."""
    told = {48.0: "doubtful"} | {float(name.removeprefix("at")): status for name, status in clients.items()}
    samples = {float(load): [sample(load)] for load in (10, 20, 40, 80, 48)}
    points = informed([Point.of(load, True, seen, SETTINGS.terms) for load, seen in samples.items()])
    steps = [
        {
            "load": point.load,
            "folder": f"steps/{at}",
            "seconds": 20.0,
            "why": "<b>the first</b> load",
            "early": point.load == 80,
            "client": told.get(point.load, "valid"),
            "client_reasons": ["CPU at 90 %"] if point.load in told else [],
        }
        for at, point in enumerate(points)
    ]
    return result(
        Plan.of(SETTINGS, 10), SETTINGS.terms, points, samples, steps, ended="48 passes", outcome="finished"
    )


@pytest.fixture
def curve(page: Page, tmp_path: Path) -> Page:
    path = tmp_path / "saturation.html"
    write_saturation(searched(), SETTINGS, ["aisbench", "saturate", "--slo", "ttft_p99<200"], path)
    page.open(path)
    return page


def test_the_curve_shows_every_load(curve: Page) -> None:
    drawn = curve.value("Array.from(chart('throughput').data.find((t) => t.name === 'requests done').x)")
    assert drawn == [10, 20, 40, 48, 80]
    assert curve.value("chart('latency').data.map((t) => t.name)") == [
        "TTFT p99",
        "TTFT mean",
        "TPOT p99",
        "TPOT mean",
        "E2EL p99",
        "E2EL mean",
    ]
    # The bound of the SLO, on TTFT alone.
    assert curve.value("chart('latency').layout.shapes.filter((s) => s.y0 === 200).length") == 1
    assert curve.complaints() == []


def test_the_tables_hold_loads_and_runs(curve: Page) -> None:
    text = curve.value("document.body.innerText")
    assert "meets the SLO up to\n48" in text
    assert "At 48: CPU at 90 %." in text
    # What a step says is text, not markup.
    assert "<b>the first</b> load" in text
    links = curve.value("Array.from(document.querySelectorAll('td a'), (a) => a.getAttribute('href'))")
    assert links == [f"steps/{at}/report.html" for at in range(5)]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_fits_and_follows_the_scheme(curve: Page, width: int, scheme: str) -> None:
    curve.prefer(scheme)
    curve.resize(width, 900)
    curve.wait(f"document.documentElement.scrollWidth <= {width}")
    curve.wait("chart('throughput')._fullLayout.xaxis.gridcolor === colour('line')")
    curve.wait(f"chart('throughput').getBoundingClientRect().right <= {width}")
    assert curve.complaints() == []


def test_the_knee_is_between_loads_or_unknown() -> None:
    found = searched()
    assert found["knee"] == 40
    assert found["knee_interval"] == [20, 48]
    assert found["max_load_interval"] == [48, 80]
    assert all(point["clear"] for point in found["points"])
    lowest = replace(SETTINGS, slo="error_rate<0.01")
    samples = {float(load): [sample(load)] for load in (47, 48)}
    points = informed([Point.of(load, True, seen, lowest.terms) for load, seen in samples.items()])
    alone = result(Plan.of(lowest, 47), lowest.terms, points, samples, [], ended="", outcome="finished")
    assert alone["knee"] is None


def test_the_console_tells_the_same() -> None:
    lines = answer_text(searched(), SETTINGS, Path("folder")).splitlines()
    assert any("48 req/s (48 to 80)" in line for line in lines)
    assert any("40 req/s (20 to 48)" in line for line in lines)
    assert any(line.split()[:1] == ["80"] and "fails" in line for line in lines)
    assert lines[-1] == "written: folder/saturation.html"


def written(path: Path, found: dict[str, Any]) -> str:
    write_saturation(found, SETTINGS, ["aisbench", "saturate"], path)
    return re.sub(r"<script.*?</script>", "", path.read_text(), flags=re.DOTALL)


def scores(right: int, of: int) -> dict[int, tuple[float, ...]]:
    """One answer to each of the questions 0 to `of` - 1, of which the first `right` are right."""
    return {question: (float(question < right),) for question in range(of)}


def scored() -> tuple[dict[str, Any], list[Point]]:
    """A search over 10 in flight, with 80 of 100 answers right, and 20 with 30 of 100."""
    terms = parse_slo("accuracy>0.7")
    known = replace(sample(10), scores=scores(80, 100), differing=Share(3, 60))
    # At this load no answer came to a question of the reference.
    unknown = replace(sample(20), scores=scores(30, 100))
    samples = {10.0: [known], 20.0: [unknown]}
    points = [Point.of(load, False, seen, terms) for load, seen in samples.items()]
    plan = Plan("concurrency", 10, 0.03, 3)
    reference = {"folder": "steps/0", "answers": 60}
    found = result(
        plan, terms, points, samples, [], ended="10 passes", outcome="finished", reference=reference
    )
    return found, points


def test_accuracy_and_differing_answers_stand_beside_each_load(tmp_path: Path) -> None:
    found, points = scored()
    assert [(point.passes, point.clear) for point in points] == [(True, True), (False, True)]
    # Wilson's intervals for 80 of 100, 3 of 60 and 30 of 100, as scipy gives them.
    wanted = {"answers": 100, "questions": 100, "share": 0.8, "low": pytest.approx(0.7112, abs=1e-4), "high": pytest.approx(0.8666, abs=1e-4)}  # fmt: skip
    assert found["points"][0]["accuracy"] == wanted
    assert found["points"][1]["differing"] is None
    text = written(tmp_path / "saturation.html", found)
    assert "<td>80.0 <small>71.1 to 86.7</small></td><td>5.0 <small>1.7 to 13.7</small></td>" in text
    # Of the 80 questions that were right at the lowest load, 50 are wrong.
    fell = (
        "<td>100</td><td>50</td><td>0</td><td>-50.0 <small>-60.0 to -40.0</small></td><td>under 0.0001</td>"
    )
    assert fell in text
    assert '<span class="chip invalid">worse</span>' in text
    assert "<td>30.0 <small>21.9 to 39.6</small></td><td>–</td>" in text
    assert '60 questions were asked <a href="steps/0/report.html">one at a time</a> first.' in text
    assert "Batching alone may change answers of a correct server" in text
    console = answer_text(found, SETTINGS, Path("folder"))
    assert re.search(r" 10 .* 80\.0 % +5\.0 %  1 passes", console)
    assert re.search(r" 20 .* 30\.0 % +-  1 fails", console)
    write_points_csv(found, tmp_path / "points.csv")
    head, first, second = (line.split(",") for line in (tmp_path / "points.csv").read_text().splitlines())
    assert dict(zip(head, first, strict=True))["differing"] == "0.05"
    assert dict(zip(head, second, strict=True))["differing"] == ""
    assert "accuracy" not in answer_text(searched(), SETTINGS, Path("folder"))


def card(text: str, label: str) -> tuple[str, str]:
    """Value and aside of the card with this label."""
    text = re.sub("</?a.*?>", "", text)
    found = re.search(
        f'"label">{label}</div><div class="value">(.*?)</div><div class="aside">(.*?)</div>', text
    )
    assert found is not None, label
    return re.sub("<.*?>", "", found[1]), found[2]


def test_an_answer_of_an_invalid_client_is_none(tmp_path: Path) -> None:
    found = searched(at48="invalid", at80="invalid")
    text = written(tmp_path / "saturation.html", found)
    assert card(text, "meets the SLO up to") == (
        "not known",
        "the client was invalid at this step; it reached 48 req/s",
    )
    assert card(text, "done under overload")[0] == "not known"
    assert card(text, "knee")[0] == "40", "its own step had a valid client"
    assert "Do not rely on the answer" in text
    assert "No answer is drawn" in text
    console = answer_text(found, SETTINGS, Path("folder"))
    assert "not known; the client reached 48 req/s (48 to 80), but was invalid at this step" in console
    assert "40 req/s (20 to 48)" in console


def test_a_doubtful_client_is_named_beside_the_answer(tmp_path: Path) -> None:
    text = written(tmp_path / "saturation.html", searched())
    value, aside = card(text, "meets the SLO up to")
    assert (value, aside) == ("48", "req/s; 48 to 80; the client was doubtful at this step")


def test_no_answer_is_drawn_for_an_invalid_client(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "saturation.html"
    write_saturation(searched(at48="invalid"), SETTINGS, ["aisbench", "saturate"], path)
    page.open(path)
    lines = "chart('throughput').layout.shapes.filter((s) => s.x0 === 48)"
    assert page.value(f"{lines}.length") == 0
    symbols = page.value("chart('throughput').data.find((t) => t.name === 'requests done').marker.symbol")
    assert symbols == ["circle", "circle", "circle", "circle-open", "circle"]
    assert page.complaints() == []


def test_the_accuracy_is_drawn_with_its_interval_where_answers_were_scored(
    page: Page, tmp_path: Path
) -> None:
    path = tmp_path / "saturation.html"
    write_saturation(scored()[0], SETTINGS, ["aisbench", "saturate", "--score"], path)
    page.open(path)
    page.wait("document.querySelectorAll('#accuracy .errorbar').length === 2")
    assert page.value("Array.from(chart('accuracy').data[0].y, Math.round)") == [80, 30]
    assert page.value("Array.from(chart('accuracy').data[0].error_y.array, (v) => +v.toFixed(1))") == [
        6.7,
        9.6,
    ]
    assert page.value("chart('accuracy').data[0].marker.color.length") == 2
    assert page.value("chart('accuracy').layout.shapes.filter((s) => s.y0 === 70).length") == 1
    assert "All loads ask the same questions" in page.value("document.body.innerText")
    page.wait(f"{CUT} === 0")
    assert page.complaints() == []


def test_there_is_no_accuracy_where_no_answer_was_scored(curve: Page) -> None:
    assert curve.value("document.getElementById('accuracy').closest('section').hidden") is True
    assert "Accuracy by load" not in curve.value("document.body.innerText")


@pytest.mark.parametrize("width", [1280, 1000])
def test_no_table_is_cut(curve: Page, width: int) -> None:
    curve.resize(width, 900)
    curve.wait(f"{CUT} === 0")


def test_loads_without_a_success_have_dashes(tmp_path: Path) -> None:
    found = searched()
    for figures in found["points"][-1]["metrics"].values():
        figures.update(dict.fromkeys(set(figures) - {"count"}), count=0)
    assert "–" in written(tmp_path / "saturation.html", found)
    last = [
        line for line in answer_text(found, SETTINGS, Path("f")).splitlines() if line.split()[:1] == ["80"]
    ]
    assert last[0].split()[4:7] == ["-", "-", "-"]
    write_points_csv(found, tmp_path / "saturation.csv")
    assert (tmp_path / "saturation.csv").read_text().splitlines()[-1].endswith(",,,,")
