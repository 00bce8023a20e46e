"""Devices beside a whole run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.engine.samplers.made_devices import energies, exporter, install_npu_smi, install_pynvml
from tests.native.servers import serving
from tests.system.running import run_load

SHORT = ("--concurrency", 4, "--duration", 1.3, "--input-len", 12, "--output-len", 20, "--no-progress")


def test_an_exporter(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    with serving(exporter(energies)) as (host, port):
        url = f"http://{host}:{port}/metrics"
        run = run_load(tmp_path, "--url", quick_simulator.url, "--dcgm-url", url, *SHORT)
    assert run.code == 0, run.err
    devices = run.summary["devices"]
    assert [device["device"] for device in devices["devices"]] == ["node7 gpu 0", "node7 gpu 1"]
    assert devices["devices"][0]["utilisation_percent"] == {"mean": 90.0, "max": 90.0}
    assert devices["power_w_mean"] == pytest.approx(800.5)
    # The first one's counter grows 1,000 J a reading, the second one draws 300 W.
    seconds = run.summary["duration"]
    assert devices["devices"][0]["energy_j"] > 500
    assert devices["devices"][1]["energy_j"] == pytest.approx(300 * seconds)
    assert devices["joules_per_output_token"] == pytest.approx(
        devices["energy_j"] / run.summary["total_output_tokens"]
    )
    assert "2 x NVIDIA H100 80GB HBM3, 80 % busy (max 90)" in run.out


def test_this_host_s_devices(
    tmp_path: Path, quick_simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{install_npu_smi(tmp_path / 'bin')}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{install_pynvml(tmp_path / 'lib')}:{os.environ.get('PYTHONPATH', '')}")
    run = run_load(tmp_path / "out", "--url", quick_simulator.url, *SHORT)
    assert run.code == 0, run.err
    found = {(device["source"], device["name"]) for device in run.summary["devices"]["devices"]}
    assert found == {("nvml", "NVIDIA L4"), ("npu-smi", "910B3")}
    left_alone = run_load(tmp_path / "alone", "--url", quick_simulator.url, "--no-device-metrics", *SHORT)
    assert left_alone.summary["devices"] is None
    assert not (left_alone.folder / "records/devices.jsonl").exists()
