"""The base of samplers, which read something once a second during a run, into a file of the run folder."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import Any

_EVERY_S = 1.0


class Sampler:
    """Reads from `begin` to `end`, and once at each of them, in a thread with its own event loop.

    The objects that `read` returns are appended to `path`, one JSON object a line. `read` must not raise.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loop: asyncio.AbstractEventLoop
        self.thread: threading.Thread | None = None
        self.repeating: Any = None

    def begin(self) -> None:
        """Starts reading; returns after the first samples."""
        # Not before, as a loop that never runs would not be closed.
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True, name=type(self).__name__)
        self.thread.start()
        if asyncio.run_coroutine_threadsafe(self.first(), self.loop).result():
            self.repeating = asyncio.run_coroutine_threadsafe(self.repeat(), self.loop)

    def end(self) -> None:
        """Takes the last samples and ends the thread. Does nothing if `begin` was never called."""
        if self.thread is None or not self.thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self.last(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    # In the thread

    async def first(self) -> bool:
        """Takes the first samples; True if there is something to keep reading."""
        return bool(await self.sample())

    async def repeat(self) -> None:
        due = self.loop.time()
        while True:
            # If a reading takes longer than the interval, the next one is skipped.
            due = max(due + _EVERY_S, self.loop.time())
            await asyncio.sleep(due - self.loop.time())
            await self.sample()

    async def last(self) -> None:
        if self.repeating is not None:
            self.repeating.cancel()
            await self.sample()
        await self.close()

    async def sample(self) -> list[dict[str, Any]]:
        """Reads once, and appends the samples to the file."""
        lines = await self.read()
        if lines:
            import orjson

            with contextlib.suppress(OSError), self.path.open("ab") as file:
                file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        return lines

    async def read(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    async def close(self) -> None:
        """Releases the resources of `read`."""
