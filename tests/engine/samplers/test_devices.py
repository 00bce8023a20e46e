"""GPUs and NPUs, as exporters, programs and libraries tell of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from aisbench.engine.samplers.devices.dcgm import read_exporter
from aisbench.engine.samplers.devices.npu_smi import read_table
from aisbench.engine.samplers.devices.sampler import DeviceSampler
from tests.engine.samplers.made_devices import (
    EXPORTER,
    NPUS,
    energies,
    exporter,
    install_npu_smi,
    install_pynvml,
)
from tests.native.servers import serving

MIB = 1 << 20


def sampled(path: Path, **how: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """What a sampler that is begun and ended at once has kept, and its notes."""
    sampler = DeviceSampler(
        how.get("dcgm_url"), how.get("metrics_url"), path / "devices.jsonl", local=how.get("local", False)
    )
    sampler.begin()
    sampler.end()
    kept = sampler.path.read_text().splitlines() if sampler.path.exists() else []
    return [json.loads(line) for line in kept], sampler.notes


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host without npu-smi and without NVIDIA's library, whatever this one has."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setitem(sys.modules, "pynvml", None)
    return tmp_path


def test_dcgm_exporter() -> None:
    first, second = read_exporter(EXPORTER.format(energy_mj=5_000_000))
    assert first == {
        "device": "node7 gpu 0",
        "name": "NVIDIA H100 80GB HBM3",
        "utilisation_percent": 90.0,
        "memory_used_bytes": 60000 * MIB,
        "memory_total_bytes": 80000 * MIB,
        "power_w": 500.5,
        "energy_j": pytest.approx(5000),
    }
    assert (second["device"], second["power_w"]) == ("node7 gpu 1", 300.0)
    assert "energy_j" not in second


def test_instances_of_one_gpu_make_one_device() -> None:
    def line(field: str, instance: str, value: float) -> str:
        return f'{field}{{gpu="3",modelName="A100",GPU_I_PROFILE="1g.5gb",GPU_I_ID="{instance}"}} {value}\n'

    text = "".join(
        line("DCGM_FI_PROF_GR_ENGINE_ACTIVE", instance, share)
        + line("DCGM_FI_DEV_FB_USED", instance, 1000)
        + line("DCGM_FI_DEV_POWER_USAGE", instance, 250)
        for instance, share in (("7", 0.5), ("8", 0.1))
    )
    (gpu,) = read_exporter(text)
    assert gpu["utilisation_percent"] == pytest.approx(30)
    assert (gpu["memory_used_bytes"], gpu["power_w"]) == (2000 * MIB, 250.0)


def test_npu_smi() -> None:
    first, second = read_table(NPUS)
    assert first == {
        "device": "npu 0 chip 0",
        "name": "910B3",
        "power_w": 190.2,
        "temperature_c": 46.0,
        "utilisation_percent": 87.0,
        "memory_used_bytes": 54152 * MIB,
        "memory_total_bytes": 65536 * MIB,
    }
    assert "power_w" not in second
    assert second["memory_used_bytes"] == 3336 * MIB
    # A chip without HBM, and a card of two chips with their numbers on the host.
    other = """
| 2     310P3               | OK            | NA           45                0    / 0             |
| 1     3                   | 0000:01:00.0  | 7            1569 / 44216                           |
"""
    (third,) = read_table(other)
    assert (third["device"], third["utilisation_percent"]) == ("npu 2 chip 1", 7.0)
    assert third["memory_total_bytes"] == 44216 * MIB


@pytest.mark.parametrize(
    "text", ["", "| npu-smi: no device |", "| 0 | OK | 1 2 |\n", "| 0 x | 00:1 | 1 |\n" * 2]
)
def test_what_is_no_table(text: str) -> None:
    assert read_table(text) == []


def test_an_exporter_goes_before_this_host_s_devices(bare: Path) -> None:
    install_npu_smi(bare / "bin")
    with serving(exporter(energies)) as (host, port):
        lines, notes = sampled(bare, dcgm_url=f"{host}:{port}", local=True)
        found, _ = sampled(bare / "lib", metrics_url=f"http://{host}:{port}/metrics")
    assert notes == []
    assert {line["source"] for line in lines + found} == {"dcgm"}
    # At the beginning and at the end, two devices each.
    assert len(lines) == 4
    assert lines[2]["energy_j"] == pytest.approx(lines[0]["energy_j"] + 1000)
    assert lines[2]["t_ns"] > lines[0]["t_ns"]


def test_this_host_s_npus(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{install_npu_smi(bare / 'bin')}:/bin:/usr/bin")
    lines, notes = sampled(bare, local=True)
    assert notes == []
    assert [(line["source"], line["device"]) for line in lines] == [
        ("npu-smi", "npu 0 chip 0"),
        ("npu-smi", "npu 1 chip 0"),
    ] * 2


def test_this_host_s_gpus(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pynvml")
    monkeypatch.syspath_prepend(str(install_pynvml(bare / "lib")))
    lines, _ = sampled(bare, local=True)
    assert len(lines) == 2
    del lines[0]["t_ns"]
    assert lines[0] == {
        "source": "nvml",
        "device": "gpu 0",
        "name": "NVIDIA L4",
        "utilisation_percent": 55,
        "memory_used_bytes": 5 << 30,
        "memory_total_bytes": 24 << 30,
        "power_w": 72.5,
        "temperature_c": 61,
    }
    sys.modules.pop("pynvml")


@pytest.mark.parametrize("script", ["exit 1", "echo nothing of use", "kill -9 $$"])
def test_what_is_absent_or_broken_is_silent(bare: Path, script: str) -> None:
    assert sampled(bare, local=True) == ([], [])
    install_npu_smi(bare / "bin", script)
    assert sampled(bare, local=True) == ([], [])


def test_devices_of_this_host_are_not_a_remote_server_s(bare: Path) -> None:
    install_npu_smi(bare / "bin")
    assert sampled(bare, local=False) == ([], [])


def test_a_page_that_is_no_exporter_s_is_told_where_it_was_named(bare: Path) -> None:
    with serving(exporter(lambda _: "vllm:num_requests_running 3\n")) as (host, port):
        url = f"http://{host}:{port}/metrics"
        assert sampled(bare, metrics_url=url) == ([], [])
        assert sampled(bare, dcgm_url=url) == (
            [],
            [f"--dcgm-url {url} has no figures of a DCGM exporter"],
        )
    # Nobody listens there now.
    assert sampled(bare, metrics_url=url) == ([], [])
