"""Reads this host's NVIDIA GPUs through the driver's library (nvidia-ml-py)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from aisbench.engine.samplers.devices.source import Reading


class Nvml:
    name = "nvml"

    def __init__(self) -> None:
        self.library: Any = None
        self.handles: list[Any] | None = None

    async def read(self) -> list[Reading]:
        try:
            if self.handles is None:
                self.handles = self.opened()
            return [self.reading(index, handle) for index, handle in enumerate(self.handles)]
        except Exception:  # no library, no driver, a GPU that fell off the bus: nothing to read
            self.handles = self.handles or []
            return []

    def opened(self) -> list[Any]:
        import pynvml

        pynvml.nvmlInit()
        self.library = pynvml
        return [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]

    def reading(self, index: int, handle: Any) -> Reading:
        library = self.library
        found: Reading = {"device": f"gpu {index}", "name": text(library.nvmlDeviceGetName(handle))}
        asked: tuple[tuple[str, Callable[[], float]], ...] = (
            ("utilisation_percent", lambda: library.nvmlDeviceGetUtilizationRates(handle).gpu),
            ("memory_used_bytes", lambda: library.nvmlDeviceGetMemoryInfo(handle).used),
            ("memory_total_bytes", lambda: library.nvmlDeviceGetMemoryInfo(handle).total),
            ("power_w", lambda: library.nvmlDeviceGetPowerUsage(handle) / 1e3),
            ("energy_j", lambda: library.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3),
            (
                "temperature_c",
                lambda: library.nvmlDeviceGetTemperature(handle, library.NVML_TEMPERATURE_GPU),
            ),
        )
        for name, ask in asked:
            # Not every GPU supports all of them.
            with contextlib.suppress(library.NVMLError):
                found[name] = ask()
        return found

    async def close(self) -> None:
        if self.library is not None:
            with contextlib.suppress(self.library.NVMLError):
                self.library.nvmlShutdown()


def text(name: str | bytes) -> str:
    """`name` as a string; older releases of the library return bytes."""
    return name.decode() if isinstance(name, bytes) else name
