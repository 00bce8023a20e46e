"""Accelerators, read once a second beside the run and kept in records/devices.jsonl."""

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
    """Reads every source that gave something the first time; the others are forgotten in silence.

    `dcgm_url`: a DCGM exporter's page; a note says so when it is none. `metrics_url` may be one as well. `local`: a
    server runs on this host, so that this host's devices may be its own. What an exporter tells is not
    asked of this host's driver again.
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
        """For a run against `targets`; None where none is wanted. This host's devices are read when a server runs on it."""
        if not config.device_metrics:
            return None
        local = any(target.is_here for target in targets)
        return DeviceSampler(config.dcgm_url, config.metrics_url, records / "devices.jsonl", local=local)

    async def first(self) -> bool:
        # Of this thread and of the programs that it starts.
        os.nice(_NICENESS)
        await self.keep(Dcgm(self.urls))
        if not self.sources and self.dcgm_url is not None:
            self.notes.append(f"--dcgm-url {self.dcgm_url} gave no figures of a DCGM exporter")
        if not self.sources and self.local:
            await self.keep(Nvml())
            await self.keep(NpuSmi())
        return bool(await self.sample())

    async def keep(self, source: Source) -> None:
        """Keeps a source that has something to tell."""
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
