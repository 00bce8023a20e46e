"""`aisbench workload cache` as a user calls it, after exports that fill the cache."""

from __future__ import annotations

import fcntl
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from aisbench.cli.workload.workload import workload
from aisbench.config.run_config import RunConfig
from aisbench.engine.workload_cache import build_for
from aisbench.errors import CannotRun
from aisbench.workload.build import build_workload
from aisbench.workload.prepared import cache, cached


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cached, "LEAST_S", 0.0)
    return tmp_path / "aisbench" / "workloads"


def call(*args: str) -> str:
    done = CliRunner().invoke(workload, args, catch_exceptions=False, standalone_mode=False)
    return done.stdout


def export(*args: str) -> str:
    given = ("--rate", "5", "--num-requests", "3", "--model", "m", "--seed", "1", "--output", "-")
    return call("export", *given, *args)


def test_kept_workloads_are_listed_and_deleted(folder: Path) -> None:
    assert call("cache", "list") == f"0 workloads, 0.0 MB of at most 2,000 MB, in {folder}\n"
    first = export()
    assert export() == first
    export("--input-len", "7")
    lines = call("cache", "list").splitlines()
    assert len(lines) == 3
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d +0\.0 MB +3 requests  random", lines[0])
    listed = json.loads(call("cache", "list", "--json"))
    assert [(one["dataset"], one["requests"]) for one in listed] == [("random", 3)] * 2
    assert {one["key"] for one in listed} == {path.name for path in folder.iterdir() if path.is_dir()}
    assert re.fullmatch(r"2 workloads deleted, 0\.0 MB, from .*\n", call("cache", "clear"))
    assert call("cache", "clear", "--json") == "[]\n"
    assert export() == first


def test_nothing_is_kept_or_used_where_the_user_says_so(folder: Path) -> None:
    export("--no-workload-cache")
    assert not folder.exists()
    assert build_for(RunConfig(workload_cache=False), print) is build_workload
    assert build_for(RunConfig(), print) is not build_workload


def test_a_cache_in_use_is_not_emptied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export()
    monkeypatch.setattr(cache, "_PATIENCE_S", 0.0)
    with (
        cache.WorkloadCache(folder)._locked(fcntl.LOCK_SH),
        pytest.raises(CannotRun, match="wait until"),
    ):
        call("cache", "clear")
    (next(path for path in folder.iterdir() if path.is_dir()) / "workload.json").write_text("{")
    assert "0 requests  damaged" in call("cache", "list")
