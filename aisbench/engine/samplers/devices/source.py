"""The interface of a source of device samples."""

from __future__ import annotations

from typing import Any, Protocol

# One device at one moment: `device` (which one), `name` (its model), and of these what is known:
# utilisation_percent, memory_used_bytes, memory_total_bytes, power_w, temperature_c, and energy_j, a
# counter that only grows.
Reading = dict[str, Any]

MIB = 1 << 20


class Source(Protocol):
    """`name` is kept with the readings. Neither method lets a failure out."""

    name: str

    async def read(self) -> list[Reading]:
        """Of each device one reading; empty when there is nothing to read."""
        ...

    async def close(self) -> None: ...
