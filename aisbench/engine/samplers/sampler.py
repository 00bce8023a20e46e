"""Something that is read once a second beside a run and kept in a file of the run folder."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import Any

_EVERY_S = 1.0


class Sampler:
    """Reads in a thread with a loop of its own, between `begin` and `end`, once more at each of them.

    What `read` gives is appended to `path`, a JSON object a line. Subclasses let no failure out of `read`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True, name=type(self).__name__)
        self.repeating: Any = None

    def begin(self) -> None:
        """Returns when the first samples are there."""
        self.thread.start()
        if asyncio.run_coroutine_threadsafe(self.first(), self.loop).result():
            self.repeating = asyncio.run_coroutine_threadsafe(self.repeat(), self.loop)

    def end(self) -> None:
        """The last samples; the thread ends. Does nothing when `begin` was never called."""
        if not self.thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self.last(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    # In the thread

    async def first(self) -> bool:
        """True when there is something to read on."""
        return bool(await self.sample())

    async def repeat(self) -> None:
        due = self.loop.time()
        while True:
            # A reading that took longer than the interval loses its next one.
            due = max(due + _EVERY_S, self.loop.time())
            await asyncio.sleep(due - self.loop.time())
            await self.sample()

    async def last(self) -> None:
        if self.repeating is not None:
            self.repeating.cancel()
            await self.sample()
        await self.close()

    async def sample(self) -> list[dict[str, Any]]:
        """Reads, and appends what came."""
        lines = await self.read()
        if lines:
            import orjson

            with contextlib.suppress(OSError), self.path.open("ab") as file:
                file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        return lines

    async def read(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    async def close(self) -> None:
        """Gives back what reading needed."""
