"""The interface of a source of device samples."""

from __future__ import annotations

from typing import Any, Protocol

# One device at one moment: `device` (which one), `name` (its model), and those of these values that are
# known: utilisation_percent, memory_used_bytes, memory_total_bytes, power_w, temperature_c, and energy_j,
# a counter.
Reading = dict[str, Any]

MIB = 1 << 20


class Source(Protocol):
    """A source of readings, which are stored with its `name`. Neither method may raise."""

    name: str

    async def read(self) -> list[Reading]:
        """One reading for each device; empty if there is nothing to read."""
        ...

    async def close(self) -> None: ...
