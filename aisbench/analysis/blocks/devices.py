"""The block `devices`: load, memory and power of GPUs and NPUs during the run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.measured import Measured
from aisbench.analysis.samples import Sample
from aisbench.records.run import Run

GAUGES = ("utilisation_percent", "memory_used_bytes", "power_w", "temperature_c")


def devices_block(measured: Measured) -> dict[str, Any] | None:
    """summary.json's `devices`; None where no device was read.

    Of each device mean and max of the samples within the run, and its energy over the run; then the sums
    over all devices. They hold what the devices draw when idle, and all of them, used by the server or not.
    """
    devices = [one_device(measured.run, name, samples) for name, samples in measured.device_samples.items()]
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


def one_device(run: Run, name: str, samples: list[Sample]) -> dict[str, Any]:
    return {
        "device": name,
        "name": samples[-1].get("name"),
        "source": samples[-1].get("source"),
        "samples": len(samples),
        **{gauge: mean_and_max(run, samples, gauge) for gauge in GAUGES},
        "memory_total_bytes": samples[-1].get("memory_total_bytes"),
        "energy_j": energy_j(run, samples),
    }


def series(run: Run, samples: list[Sample], name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds since the start, and the values, of the samples that have one."""
    known = [(sample["t_ns"] - run.start_ns, sample[name]) for sample in samples if name in sample]
    t_ns, y = zip(*known, strict=True) if known else ((), ())
    return np.array(t_ns, float) / 1e9, np.array(y, float)


def mean_and_max(run: Run, samples: list[Sample], name: str) -> dict[str, float] | None:
    t_s, y = series(run, samples, name)
    inside = y[(t_s >= 0) & (t_s <= run.duration_ns / 1e9)]
    return {"mean": float(inside.mean()), "max": float(inside.max())} if len(inside) else None


def energy_j(run: Run, samples: list[Sample]) -> float | None:
    """Drawn from the start to the end of the run: by the device's own counter, else power over time.

    None where there are not two samples to span it.
    """
    ends = np.array([0.0, run.duration_ns / 1e9])
    t_s, counter = series(run, samples, "energy_j")
    # A driver that was loaded again counts from 0.
    if len(counter) > 1 and np.all(np.diff(counter) >= 0):
        return float(np.diff(np.interp(ends, t_s, counter))[0])
    t_s, watts = series(run, samples, "power_w")
    if len(watts) < 2:
        return None
    inside = (t_s > ends[0]) & (t_s < ends[1])
    at = np.concatenate([ends[:1], t_s[inside], ends[1:]])
    return float(np.trapezoid(np.interp(at, t_s, watts), at))
