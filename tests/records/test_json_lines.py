"""JSON lines are read as far as they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisbench.records.json_lines import read_json_lines


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n[2]\n\n{"a": "é')
    assert list(read_json_lines(path)) == [{"a": 1}, [2]]
    path.write_bytes('{"a": "é"}\n{"a": "é'.encode()[:-1])
    assert list(read_json_lines(path)) == [{"a": "é"}]


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert list(read_json_lines(tmp_path / "a.jsonl")) == []


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        list(read_json_lines(tmp_path))
