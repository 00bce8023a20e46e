"""The figures of a selfcheck are found again on the host, and only there, that they are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisbench.engine import roofline_file
from aisbench.engine.roofline_file import read_roofline, roofline_path, write_roofline

FIGURES = {"event_ns": 5_000.0, "request_ns": 50_000.0, "date": "2026-11-24T10:00:00+00:00", "steps": []}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    assert read_roofline() is None
    path = write_roofline(FIGURES)
    assert path == roofline_path()
    assert path.parent == tmp_path / "aisbench"
    found = read_roofline()
    assert found is not None
    assert FIGURES.items() <= found.items()
    assert found["cpus"] >= 1
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], "nothing else is left there"


def test_another_version_or_host_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    write_roofline(FIGURES)
    monkeypatch.setattr(roofline_file, "cpu_model", lambda: "another processor")
    assert read_roofline() is None


@pytest.mark.parametrize("text", ["", "[]", '{"event_ns": 5000}'])
def test_a_broken_file_counts_as_none(text: str) -> None:
    write_roofline(FIGURES).write_text(text)
    assert read_roofline() is None


def test_it_is_in_the_home_folder_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert roofline_path().parent == tmp_path / ".cache" / "aisbench"
