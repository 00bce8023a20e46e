"""What GPUs and NPUs did while the run went on, from records/devices.jsonl."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.tokens import TokenCounts
from aisbench.records.run import Run

Sample = dict[str, Any]
GAUGES = ("utilisation_percent", "memory_used_bytes", "power_w", "temperature_c")


def device_samples(run: Run) -> dict[str, list[Sample]]:
    """By device its samples in their order; empty where nothing was read. Torn lines are left out."""
    path = run.records / "devices.jsonl"
    found: dict[str, list[Sample]] = {}
    if not path.is_file():
        return found
    for line in path.read_bytes().splitlines():
        try:
            sample = json.loads(line)
            found.setdefault(str(sample["device"]), []).append({**sample, "t_ns": int(sample["t_ns"])})
        except (ValueError, LookupError, TypeError):
            # The last line of a killed run may be cut short.
            continue
    return found


def devices_block(run: Run, tokens: TokenCounts) -> dict[str, Any] | None:
    """summary.json's `devices`; None where no device was read.

    Of each device mean and max of the samples within the run, and its energy over the run; then the sums
    over all devices. They hold what the devices draw when idle, and all of them, used by the server or not.
    """
    devices = [one_device(run, name, samples) for name, samples in device_samples(run).items()]
    if not devices:
        return None
    powers = [device["power_w"]["mean"] for device in devices if device["power_w"]]
    energies = [device["energy_j"] for device in devices if device["energy_j"] is not None]
    output = int(tokens.output.sum())
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
    # A driver that was loaded anew counts from 0.
    if len(counter) > 1 and np.all(np.diff(counter) >= 0):
        return float(np.diff(np.interp(ends, t_s, counter))[0])
    t_s, watts = series(run, samples, "power_w")
    if len(watts) < 2:
        return None
    inside = (t_s > ends[0]) & (t_s < ends[1])
    at = np.concatenate([ends[:1], t_s[inside], ends[1:]])
    return float(np.trapezoid(np.interp(at, t_s, watts), at))
