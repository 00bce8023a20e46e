"""`aisbench selfcheck`: true figures, kept, and told by the next run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aisbench.cli.selfcheck import selfcheck
from aisbench.engine.roofline_file import read_roofline
from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from aisbench.studies.selfcheck import measure as self_checking
from tests.system.running import environment, run_load
from tests.system.secret_values import KEY, PASSWORD, TOKEN, found_in, found_in_text

pytestmark = pytest.mark.xdist_group("timing")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_it_measures_and_the_next_run_says_what_share_it_took(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_simulator: SimulatorProcess
) -> None:
    monkeypatch.setattr(self_checking, "STEP_S", 0.3)
    done = CliRunner().invoke(selfcheck, ["--json"], standalone_mode=False)
    assert done.exception is None
    result = json.loads(done.stdout)
    quiet, decoding, asking = result["steps"]
    # Every request of the steps was answered and counted, by both sides.
    assert quiet["requests"] == 256
    assert decoding["requests"] == 768
    assert asking["requests"] == pytest.approx(1500, rel=0.1)
    assert asking["own_lag_ms"]["max"] >= 0
    assert decoding["own_lag_ms"] is None
    for step in result["steps"]:
        reported, true = step["ttft_mean_ms"]
        assert true >= 20
        assert reported > 0
    assert 500 < result["event_ns"] < 1e6
    assert result["events_per_s_per_worker"] == pytest.approx(1e9 / result["event_ns"])

    kept = read_roofline()
    assert kept is not None
    assert kept["event_ns"] == result["event_ns"]
    load = run_load(tmp_path / "runs", "--url", quick_simulator.url, "--num-requests", 20, "--output-len", 5)
    known = Run.load(load.folder).info["roofline"]
    assert known == {name: result[name] for name in ("event_ns", "request_ns", "date")}
    assert 0 < load.summary["client"]["roofline"]["mean_share"] < 1
    assert "Client roofline" in load.out


def test_the_table_shows_what_was_reported_beside_what_was_true(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment has for other commands is neither written nor shown."""
    for name, secret in (
        ("API_KEY", KEY),
        ("HEADER", f"X-Token: {TOKEN}"),
        ("URL", f"http://me:{PASSWORD}@h"),
    ):
        monkeypatch.setenv(f"AISBENCH_{name}", secret)
    monkeypatch.setattr(self_checking, "STEP_S", 0.2)
    done = CliRunner().invoke(selfcheck, standalone_mode=False)
    assert done.exception is None
    assert found_in_text(done.output) == []
    assert found_in(cache) == {}
    for words in ("reported (true)", "256 streams", "Roofline of one worker", "Schedule lag", str(cache)):
        assert words in done.stdout


def test_a_cache_that_cannot_be_written_is_said_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(self_checking, "STEP_S", 0.2)
    done = CliRunner().invoke(selfcheck, standalone_mode=False)
    assert done.exception is None
    assert "Roofline of one worker" in done.stdout
    assert "Not kept: " in done.stdout


def test_an_interrupt_keeps_nothing(cache: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "aisbench", "selfcheck"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr is not None
    assert any(line.startswith("2/") for line in iter(process.stderr.readline, ""))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "nothing was kept" in err or err.strip() == "interrupted"
    assert not cache.exists()
