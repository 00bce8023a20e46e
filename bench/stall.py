"""Disturbs a worker on purpose, by stopping its loop for 5 ms in every 20 ms."""

from __future__ import annotations

import asyncio
import time

STALL_S = 0.005
EVERY_S = 0.020


def install(loop: asyncio.AbstractEventLoop) -> None:
    """Runs in each worker with AISBENCH_WORKER_HOOK=bench.stall:install."""

    def stall() -> None:
        time.sleep(STALL_S)
        loop.call_later(EVERY_S - STALL_S, stall)

    loop.call_later(EVERY_S, stall)
