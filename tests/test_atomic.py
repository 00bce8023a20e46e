"""Files are written whole, or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from aisbench.atomic import write_bytes, write_text, written_whole


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text("é", path)
    assert path.read_bytes() == "é".encode()
    write_bytes(b"\x00two", path)
    assert path.read_bytes() == b"\x00two"
    assert list(tmp_path.iterdir()) == [path]


def test_until_the_end_the_old_one_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    with written_whole(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_an_error_within_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), written_whole(path) as file:
        file.writelines([b"ne", "w"])  # type: ignore[list-item]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    full = Path("/dev/full")
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *how: opened(full, *how))
    with pytest.raises(OSError, match="No space left") as caught:
        write_bytes(b"new", path)
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    taken = tmp_path / "folder"
    taken.mkdir()
    for path in (taken, tmp_path / "missing" / "a.json"):
        with pytest.raises(OSError, match="directory") as caught:
            write_text("x", path)
        assert caught.value.filename == os.fspath(path)
        assert caught.value.filename2 is None
    assert list(tmp_path.iterdir()) == [taken]
