"""evaluation.html in a real browser, opened from disk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aisbench.studies.evaluation.page import write_page
from bench.browser import Page
from tests.studies.evaluation.made_results import result_of, subjects, sums

NASTY = '<script>alert(1)</script></script><!-- {{data}} \u2028 & "quotes" <img src=x onerror=alert(2)>'
FOUND = "document.getElementById('found').textContent"
HEAD = "document.querySelector('#answer h3').textContent"


def made(folder: Path) -> Path:
    details = sums()
    details["3"] |= {"prompt": NASTY, "origin_prediction": NASTY + "\ud83d", "rule": NASTY}
    path = folder / "evaluation.html"
    write_page(path, NASTY, [("sums", result_of(details)), ("letters", result_of(subjects()))])
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_from_disk_without_a_complaint(page: Page, tmp_path: Path, width: int, scheme: str) -> None:
    page.prefer(scheme)
    page.resize(width, 900)
    page.open(made(tmp_path))
    assert page.complaints() == []
    assert page.value("document.documentElement.scrollWidth") <= width
    background = page.value("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(244, 246, 249)", "dark": "rgb(15, 19, 26)"}[scheme]
    outside = re.sub(r"<script.*?</script>", "", (tmp_path / "evaluation.html").read_text(), flags=re.DOTALL)
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", outside.replace(NASTY, ""))


def test_what_models_say_stays_text(page: Page, tmp_path: Path) -> None:
    page.open(made(tmp_path))
    page.driver.execute_script("choose(every.find((one) => one.key === '3'))")
    shown = page.value("document.querySelector('#answer pre.said').textContent")
    assert shown.startswith(NASTY.split("\u2028")[0])
    assert page.value("document.querySelectorAll('#answers img, #answer script').length") == 0
    assert page.complaints() == []


def test_filters_search_and_keys(page: Page, tmp_path: Path) -> None:
    page.open(made(tmp_path))
    assert page.value(FOUND).startswith("100 of 100")
    page.driver.execute_script("document.querySelector('#kinds button').click()")
    assert page.value(FOUND).startswith("28 of 100"), "15 sums and 13 letters are wrong"
    first = page.value(HEAD)
    page.driver.find_element("tag name", "body").send_keys("j")
    assert page.value(HEAD) != first
    page.driver.find_element("tag name", "body").send_keys("k")
    assert page.value(HEAD) == first
    page.driver.find_element("id", "search").send_keys("question 4)")
    assert page.value(FOUND).startswith("1 of 100")
    assert page.value(HEAD).startswith("letters 4")
    assert not page.value("document.querySelector('#answer details').open"), "the reasoning is folded"


def test_the_judges_words_are_shown_and_found(page: Page, tmp_path: Path) -> None:
    details = sums()
    details["5"] |= {"rule": "judge", "sure": True, "why": f"The same number. {NASTY}\nVERDICT: CORRECT"}
    details["6"] |= {"rule": "judge", "sure": False, "why": "Who can tell?"}
    result = result_of(details, "judged")
    result["judge"] = {
        "model": "umpire",
        "asked": 60,
        "unreadable": 1,
        "unjudged": 0,
        "compared": 59,
        "alike": 57,
    }
    write_page(tmp_path / "judged.html", "judged", [("sums", result)])
    page.open(tmp_path / "judged.html")
    assert page.value("document.querySelector('ul.repeated').textContent").startswith(
        "sums: judged by umpire; it agrees with the task's own rule on 57 of 59 answers"
    )
    page.driver.find_element("id", "search").send_keys("who can tell")
    assert page.value(HEAD).startswith("sums (judged) 6")
    assert (
        page.value("document.querySelector('#answer dl').textContent").count("judge (no readable verdict)")
        == 1
    )
    page.driver.execute_script("choose(every.find((one) => one.key === '5'))")
    assert page.value("document.querySelector('#answer pre.why').textContent").endswith("VERDICT: CORRECT")
    assert page.complaints() == []


def test_of_many_answers_only_those_in_view_are_drawn(page: Page, tmp_path: Path) -> None:
    write_page(tmp_path / "many.html", "many", [("sums", result_of(sums(10_000)))])
    page.open(tmp_path / "many.html")
    assert page.value(FOUND).startswith("10,000 of 10,000")
    assert page.value("document.querySelectorAll('.row').length") < 60
    page.driver.execute_script("move(Infinity)")
    assert page.value(HEAD).startswith("sums 9999")
