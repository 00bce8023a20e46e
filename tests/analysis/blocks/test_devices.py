"""Devices' figures, from samples whose sums are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.text.console import render
from tests.analysis.made_runs import START_NS, base_config, made_rows, write_run
from tests.analysis.summaries import summarise

SECOND = 1_000_000_000


def run_with(folder: Path, *samples: tuple[float, dict[str, Any]]) -> Run:
    """A run of 4 s and 160 tokens; samples: seconds since the start, what was read."""
    rows = made_rows(np.linspace(0, 3879.5, 20), lag_ms=0.0, ttft_ms=50.0, itl_ms=10.0, tokens=8)
    path = write_run(folder / "run", rows, config=base_config())
    lines = [
        {"t_ns": START_NS + int(at * SECOND), "source": "nvml", "device": "gpu 0", "name": "L4", **reading}
        for at, reading in samples
    ]
    (path / "records/devices.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"torn')
    return Run.load(path)


def test_means_and_maxima_of_the_samples_within_the_run(tmp_path: Path) -> None:
    samples = [
        (at, {"utilisation_percent": busy, "memory_used_bytes": 8 << 30, "memory_total_bytes": 24 << 30})
        for at, busy in ((-0.5, 0), (0.5, 40), (1.5, 90), (2.5, 80), (4.5, 5))
    ]
    summary = summarise(Measured(run_with(tmp_path, *samples)))
    (device,) = summary["devices"]["devices"]
    assert device["utilisation_percent"] == {"mean": 70.0, "max": 90.0}
    assert (device["device"], device["name"], device["samples"]) == ("gpu 0", "L4", 5)
    assert device["memory_total_bytes"] == 24 << 30
    assert device["power_w"] is None
    assert summary["devices"]["joules_per_output_token"] is None
    assert "1 x L4, 70 % busy (max 90), 8.0 GiB each (max 8.0)" in render(summary, [99.0])


def test_energy_is_power_over_time(tmp_path: Path) -> None:
    # 100 W until 2 s, then 300 W: 100 * 1.5 + 200 (rising) + 300 * 1.5 from 0 to 4 s.
    samples = [(at, {"power_w": watts}) for at, watts in ((-1, 100), (1.5, 100), (2.5, 300), (5, 300))]
    devices = summarise(Measured(run_with(tmp_path, *samples)))["devices"]
    assert devices["energy_j"] == pytest.approx(150 + 200 + 450)
    assert devices["joules_per_output_token"] == pytest.approx(800 / 160)
    assert devices["power_w_mean"] == pytest.approx(200)


def test_the_device_s_own_counter_goes_before_its_power(tmp_path: Path) -> None:
    samples: list[tuple[float, dict[str, Any]]] = [
        (at, {"power_w": 1.0, "energy_j": 7000.0 + 50 * at}) for at in (-1, 1, 5)
    ]
    samples += [
        (at, {"device": "gpu 1", "power_w": 10.0, "energy_j": j})
        for at, j in ((-1, 900.0), (1, 5.0), (5, 9.0))
    ]
    devices = summarise(Measured(run_with(tmp_path, *samples)))["devices"]
    # The second one's counter was set back: its power counts.
    assert [device["energy_j"] for device in devices["devices"]] == pytest.approx([200, 40])
    assert devices["energy_j"] == pytest.approx(240)


def test_one_sample_spans_no_energy(tmp_path: Path) -> None:
    devices = summarise(Measured(run_with(tmp_path, (1.0, {"power_w": 100.0}))))["devices"]
    assert (devices["energy_j"], devices["power_w_mean"]) == (None, 100.0)


def test_a_run_without_devices(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows(np.zeros(3)), config=base_config()))
    assert summarise(Measured(run))["devices"] is None
