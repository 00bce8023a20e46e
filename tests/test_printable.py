"""A server's text cannot control a terminal or hide itself, and is otherwise unchanged."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.analysis.measured import Measured
from aisbench.printable import printable, words_of
from aisbench.records.run import Run
from aisbench.report.text.console import print_result
from tests.analysis.made_runs import base_config, fail, made_rows, write_run
from tests.analysis.summaries import summarise
from tests.report.written import written

# Clears the screen, sets the window's title, rings the bell, overwrites the line, reverses the writing direction.
EVIL = "out\x1b[2J\x1b]0;owned\x07 of\rmemory \x9b31m\u202etxt"
TAME = "out\\x1b[2J\\x1b]0;owned\\x07 of\\rmemory \\x9b31m\\u202etxt"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (EVIL, TAME),
        ("zwei\nZeilen,\tein Tab\r\nund Ende", "zwei\nZeilen,\tein Tab\nund Ende"),
        ("Modell überlastet: 内存不足 👩‍💻 ½\xa0s", "Modell überlastet: 内存不足 👩‍💻 ½\xa0s"),
        ("lone \ud83d end", "lone \\ud83d end"),
        ("already \\x1b", "already \\x1b"),
    ],
)
def test_what_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert not any(character < " " and character not in "\n\t" for character in shown)
    shown.encode()


def test_binary_is_escaped() -> None:
    assert words_of(b"\x1f\x8b\x08\x00gzip \xff") == "\\x1f\\x8b\\x08\\x00gzip \\xff"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = made_rows(np.zeros(4))
    fail(rows, [1, 2], "http_status", http_status=500)
    sample = {"kind": "http_500", "http_status": 500, "slot": 1, "message": EVIL}
    config = base_config(model=f"model{EVIL}")
    return write_run(tmp_path / "run", rows, config=config, error_samples=[sample], notes=[f"note {EVIL}"])


@pytest.mark.parametrize("file", [io.StringIO(), Terminal()])
def test_the_console_shows_them_escaped(folder: Path, file: io.StringIO) -> None:
    print_result(summarise(Measured(Run.load(folder))), [99.0], file=file)
    text = file.getvalue()
    assert "out\\x1b[2J" in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text
    assert "\x9b" not in text


def test_the_page_shows_them_escaped(folder: Path) -> None:
    text = written(folder).read_text()
    shown = text[text.index("<body>") : text.index('<script type="application/json"')]
    assert shown.count(TAME.replace("'", "&#x27;")) >= 3, "in the sample, the note and the model"
    assert not [character for character in "\x1b\x07\x9b\u202e" if character in shown]
