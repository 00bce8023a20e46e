"""Reads this host's Ascend NPUs from the table that `npu-smi info` prints.

Each chip has two lines, one with the card's name, power and temperature, and one with load and memory:

    | 0     910B3               | OK            | 90.2        36                0    / 0             |
    | 0                         | 0000:C1:00.0  | 0           0    / 0          4152 / 65536         |
"""

from __future__ import annotations

import asyncio
import re
import shutil

from aisbench.engine.samplers.devices.source import MIB, Reading

# npu-smi is slow, as it queries the cards one after another.
_TIMEOUT_S = 5.0
_HEALTH = re.compile(r"[A-Za-z]+$")
_PAIR = re.compile(r"(\d+)\s*/\s*(\d+)")


class NpuSmi:
    name = "npu-smi"

    def __init__(self) -> None:
        self.program = shutil.which("npu-smi")

    async def read(self) -> list[Reading]:
        if self.program is None:
            return []
        try:
            process = await asyncio.create_subprocess_exec(
                self.program,
                "info",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError:
            return []
        try:
            output, _ = await asyncio.wait_for(process.communicate(), _TIMEOUT_S)
            return read_table(output.decode("utf-8", "replace"))
        except TimeoutError:
            return []
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def close(self) -> None:
        pass


def read_table(text: str) -> list[Reading]:
    """A reading for each chip; empty if `text` is not such a table."""
    readings: list[Reading] = []
    card: tuple[str, str, list[str]] | None = None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 3 or not cells[0][:1].isdigit():
            card = None
        elif card is None:
            number, _, name = cells[0].partition(" ")
            card = (number, name.strip(), cells[2].split()) if _HEALTH.match(cells[1]) else None
        else:
            number, name, figures = card
            found: Reading = {"device": f"npu {number} chip {cells[0].split()[0]}", "name": name}
            load = cells[2].split()
            _add_number(found, "power_w", figures[:1])
            _add_number(found, "temperature_c", figures[1:2])
            _add_number(found, "utilisation_percent", load[:1])
            # The last pair is the chip's HBM if it has one, or else its memory.
            pairs = _PAIR.findall(cells[2])
            if pairs:
                used, total = pairs[-1]
                found["memory_used_bytes"], found["memory_total_bytes"] = int(used) * MIB, int(total) * MIB
            readings.append(found)
            card = None
    return readings


def _add_number(found: Reading, name: str, words: list[str]) -> None:
    """Adds the first word if it is a number; the table shows NA or - for a missing figure."""
    try:
        found[name] = float(words[0])
    except (ValueError, IndexError):
        return
