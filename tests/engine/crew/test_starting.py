"""Worker processes that are started before it is known what they are to send."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisbench.engine.crew.starting import StartedWorkers


def test_workers_that_get_no_spec_end_quietly(tmp_path: Path) -> None:
    """As when the run cannot be prepared."""
    workers = StartedWorkers(2, tmp_path, first=3)
    workers.end()
    assert [process.returncode for process in workers.processes] == [0, 0]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "worker-3.log": "",
        "worker-4.log": "",
    }
    workers.end()


def test_where_one_cannot_be_started_none_is_left(tmp_path: Path) -> None:
    (tmp_path / "worker-1.log").mkdir()
    started = []

    class Watched(StartedWorkers):
        def end(self) -> None:
            super().end()
            started.extend(self.processes)

    with pytest.raises(IsADirectoryError):
        Watched(2, tmp_path)
    assert [process.returncode for process in started] == [0]
