"""Reads accelerators once a second during the run, into records/devices.jsonl."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aisbench._native.os.clock import now_ns
from aisbench.config.run_config import RunConfig
from aisbench.engine.samplers.devices.dcgm import Dcgm
from aisbench.engine.samplers.devices.npu_smi import NpuSmi
from aisbench.engine.samplers.devices.nvml import Nvml
from aisbench.engine.samplers.devices.source import Source
from aisbench.engine.samplers.sampler import Sampler
from aisbench.engine.target.urls import Target, with_scheme

_NICENESS = 10


class DeviceSampler(Sampler):
    """Reads the sources that have something the first time; the others are silently dropped.

    `dcgm_url`: a DCGM exporter's page; a note says if it has no such figures. `metrics_url` may be an
    exporter's page, too. `local`: a server runs on this host, so this host's drivers are read unless an
    exporter reports the devices already.
    """

    def __init__(self, dcgm_url: str | None, metrics_url: str | None, path: Path, *, local: bool) -> None:
        super().__init__(path)
        self.dcgm_url = dcgm_url
        self.urls = [with_scheme(url) for url in (dcgm_url, metrics_url) if url is not None]
        self.local = local
        self.sources: list[Source] = []
        self.notes: list[str] = []

    @staticmethod
    def of(config: RunConfig, targets: Sequence[Target], records: Path) -> DeviceSampler | None:
        """For a run against `targets`; None without --device-metrics. Reads this host if a server runs on it."""
        if not config.device_metrics:
            return None
        local = any(target.is_here for target in targets)
        return DeviceSampler(config.dcgm_url, config.metrics_url, records / "devices.jsonl", local=local)

    async def first(self) -> bool:
        # Lowers the priority of this thread and of the programs that it starts.
        os.nice(_NICENESS)
        await self.keep(Dcgm(self.urls))
        if not self.sources and self.dcgm_url is not None:
            self.notes.append(f"--dcgm-url {self.dcgm_url} has no figures of a DCGM exporter")
        if not self.sources and self.local:
            await self.keep(Nvml())
            await self.keep(NpuSmi())
        return bool(await self.sample())

    async def keep(self, source: Source) -> None:
        """Keeps `source` if it has something to read, and closes it otherwise."""
        if await source.read():
            self.sources.append(source)
        else:
            await source.close()

    async def read(self) -> list[dict[str, Any]]:
        found = await asyncio.gather(*(source.read() for source in self.sources))
        t_ns = now_ns()
        return [
            {"t_ns": t_ns, "source": source.name, **reading}
            for source, readings in zip(self.sources, found, strict=True)
            for reading in readings
        ]

    async def close(self) -> None:
        for source in self.sources:
            await source.close()
