"""The block `devices`: load, memory and power of GPUs and NPUs during the run."""

from __future__ import annotations

from typing import Annotated, TypedDict

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.contract.keys import Count, Unit
from aisbench.analysis.measured import Measured
from aisbench.analysis.samples import Sample
from aisbench.records.run import Run

Watts = Annotated[float, Unit("W")]
Joules = Annotated[float, Unit("J")]


class MeanAndMax(TypedDict):
    """Mean and maximum of the samples within the run."""

    mean: float
    max: float


class Device(TypedDict):
    """One accelerator. Values that it did not report are null."""

    device: Annotated[str, "its number or UUID, as the source names it"]
    name: Annotated[str | None, "its model"]
    source: Annotated[str | None, "where its figures come from: dcgm, nvml or npu-smi"]
    samples: Annotated[Count, "how often it was read"]
    utilisation_percent: Annotated[MeanAndMax | None, "load, %"]
    memory_used_bytes: Annotated[MeanAndMax | None, "memory in use, bytes"]
    power_w: Annotated[MeanAndMax | None, "power, W"]
    temperature_c: Annotated[MeanAndMax | None, "temperature, °C"]
    memory_total_bytes: Annotated[float | None, Unit("bytes"), "total memory"]
    energy_j: Annotated[Joules | None, "drawn from the start to the end of the run"]


class DevicesBlock(TypedDict):
    """GPUs and NPUs during the run. Sums include the idle power of devices that the server did not use."""

    devices: list[Device]
    power_w_mean: Annotated[Watts | None, "sum of their mean powers"]
    energy_j: Annotated[Joules | None, "sum of their energies"]
    joules_per_output_token: Annotated[float | None, Unit("J/token"), "that energy over all output tokens"]


def devices_block(measured: Measured) -> DevicesBlock | None:
    """summary.json's `devices`; None if no device was read."""
    devices = [_one_device(measured.run, name, samples) for name, samples in measured.device_samples.items()]
    if not devices:
        return None
    powers = [device["power_w"]["mean"] for device in devices if device["power_w"]]
    energies = [device["energy_j"] for device in devices if device["energy_j"] is not None]
    output = int(measured.tokens.output.sum())
    return {
        "devices": devices,
        "power_w_mean": sum(powers) if powers else None,
        "energy_j": sum(energies) if energies else None,
        "joules_per_output_token": sum(energies) / output if energies and output else None,
    }


def _one_device(run: Run, name: str, samples: list[Sample]) -> Device:
    return {
        "device": name,
        "name": samples[-1].get("name"),
        "source": samples[-1].get("source"),
        "samples": len(samples),
        "utilisation_percent": _mean_and_max(run, samples, "utilisation_percent"),
        "memory_used_bytes": _mean_and_max(run, samples, "memory_used_bytes"),
        "power_w": _mean_and_max(run, samples, "power_w"),
        "temperature_c": _mean_and_max(run, samples, "temperature_c"),
        "memory_total_bytes": samples[-1].get("memory_total_bytes"),
        "energy_j": energy_j(run, samples),
    }


def series(run: Run, samples: list[Sample], name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (s since the start) and values of `name`, from the samples that have it."""
    known = [(sample["t_ns"] - run.start_ns, sample[name]) for sample in samples if name in sample]
    t_ns, y = zip(*known, strict=True) if known else ((), ())
    return np.array(t_ns, float) / 1e9, np.array(y, float)


def _mean_and_max(run: Run, samples: list[Sample], name: str) -> MeanAndMax | None:
    t_s, y = series(run, samples, name)
    inside = y[(t_s >= 0) & (t_s <= run.duration_ns / 1e9)]
    return {"mean": float(inside.mean()), "max": float(inside.max())} if len(inside) else None


def energy_j(run: Run, samples: list[Sample]) -> float | None:
    """The energy drawn during the run, J: from the device's own counter, or else power integrated over time.

    None with fewer than two samples.
    """
    ends = np.array([0.0, run.duration_ns / 1e9])
    t_s, counter = series(run, samples, "energy_j")
    # A reloaded driver counts from 0 again.
    if len(counter) > 1 and np.all(np.diff(counter) >= 0):
        return float(np.diff(np.interp(ends, t_s, counter))[0])
    t_s, watts = series(run, samples, "power_w")
    if len(watts) < 2:
        return None
    inside = (t_s > ends[0]) & (t_s < ends[1])
    at = np.concatenate([ends[:1], t_s[inside], ends[1:]])
    return float(np.trapezoid(np.interp(at, t_s, watts), at))
