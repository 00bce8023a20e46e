"""Reads the NVIDIA GPUs of any host from its DCGM exporter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean
from typing import Any

from aisbench.engine.samplers.devices.source import MIB, Reading

_TIMEOUT_S = 0.8
# For each field: the reading's key, the unit's factor, and how to combine the instances (MIG) of one GPU.
_FIELDS: dict[str, tuple[str, float, Any]] = {
    "DCGM_FI_DEV_GPU_UTIL": ("utilisation_percent", 1, fmean),
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": ("engine_active_percent", 100, fmean),
    "DCGM_FI_DEV_FB_USED": ("memory_used_bytes", MIB, sum),
    "DCGM_FI_DEV_FB_FREE": ("memory_free_bytes", MIB, sum),
    "DCGM_FI_DEV_FB_RESERVED": ("memory_reserved_bytes", MIB, sum),
    "DCGM_FI_DEV_POWER_USAGE": ("power_w", 1, max),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("energy_j", 1e-3, max),
    "DCGM_FI_DEV_GPU_TEMP": ("temperature_c", 1, max),
}


class Dcgm:
    """Reads the exporters' pages at `urls`."""

    name = "dcgm"

    def __init__(self, urls: Iterable[str]) -> None:
        self.urls = tuple(urls)
        self.client: Any = None

    async def read(self) -> list[Reading]:
        import asyncio

        pages = await asyncio.gather(*(self.page(url) for url in self.urls))
        # Two addresses may lead to the same exporter.
        return list({reading["device"]: reading for page in pages for reading in page}.values())

    async def page(self, url: str) -> list[Reading]:
        import aiohttp

        try:
            if self.client is None:
                self.client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
            async with self.client.get(url) as answer:
                return read_exporter(await answer.text()) if answer.status == 200 else []
        except Exception:  # a page that breaks the parser must not end the run
            return []

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()


def read_exporter(text: str) -> list[Reading]:
    """A reading for each GPU on the page; raises ValueError if `text` is not in Prometheus' format."""
    from prometheus_client.parser import text_string_to_metric_families

    lines = [line for line in text.split("\n") if line.startswith("DCGM_FI_")]
    names: dict[str, str] = {}
    # Values by device, key, and whether they are an instance's (MIG) rather than the GPU's.
    values: dict[str, dict[str, dict[bool, list[float]]]] = defaultdict(lambda: defaultdict(dict))
    for family in text_string_to_metric_families("\n".join([*lines, ""])):
        for sample in family.samples:
            if sample.name not in _FIELDS:
                continue
            key, unit, _ = _FIELDS[sample.name]
            host, gpu = sample.labels.get("Hostname", ""), sample.labels.get("gpu", "0")
            device = f"{host} gpu {gpu}".strip()
            names[device] = sample.labels.get("modelName", "GPU")
            part = bool(sample.labels.get("GPU_I_ID"))
            values[device][key].setdefault(part, []).append(unit * sample.value)
    return [finished({"device": device, "name": names[device]}, found) for device, found in values.items()]


def finished(reading: Reading, found: dict[str, dict[bool, list[float]]]) -> Reading:
    """`reading` with one value for each key: the whole GPU's if reported, or else its instances' combined."""
    combine = {key: how for key, _, how in _FIELDS.values()}
    for key, parts in found.items():
        # Pods that share a GPU have a line each, with the same value.
        reading[key] = max(parts[False]) if False in parts else combine[key](parts[True])
    free, reserved = reading.pop("memory_free_bytes", None), reading.pop("memory_reserved_bytes", 0.0)
    if free is not None and "memory_used_bytes" in reading:
        reading["memory_total_bytes"] = reading["memory_used_bytes"] + free + reserved
    active = reading.pop("engine_active_percent", None)
    if active is not None:
        reading.setdefault("utilisation_percent", active)
    return reading
