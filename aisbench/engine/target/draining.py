"""Waits, after a run that was cut, until the servers have dropped its requests."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aisbench.engine.samplers.server_metrics import Page, Scraper
from aisbench.engine.target.transport import Transport

_LOOK_EVERY_S = 0.25


def wait_until_idle(
    pages: Sequence[Page], transport: Transport, *, least_s: float, most_s: float
) -> int | None:
    """Waits until the metrics `pages` report no running or waiting requests, from `least_s` to `most_s` seconds.

    Returns the last reported number of requests; None, after `least_s`, if no page reports any number.
    """
    return asyncio.run(_until_idle(Scraper(pages, transport, Path(os.devnull)), least_s, most_s))


async def _until_idle(scraper: Scraper, least_s: float, most_s: float) -> int | None:
    give_up = time.monotonic() + most_s
    await asyncio.sleep(least_s)
    try:
        await scraper.first()
        while True:
            held = _requests_held(await scraper.read())
            if not held or time.monotonic() > give_up:
                return held
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        await scraper.close()


def _requests_held(lines: list[dict[str, Any]]) -> int | None:
    told = [line["values"] for line in lines if line["values"].get("running") is not None]
    return int(sum(values["running"] + (values.get("waiting") or 0) for values in told)) if told else None
