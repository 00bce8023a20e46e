"""Single requests outside the load: the ready check, and probes during the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.engine.target.discovery import session
from aisbench.engine.target.fetching import Client, NoAnswer, TooLarge
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target
from aisbench.errors import CannotRun

# Between two checks whether a server is ready.
_READY_PAUSE_S = 0.5
_MOST_BYTES = 64 << 20

Got = TypeVar("Got")


def patiently(attempt: Callable[[], Got], timeout_s: float, say: Callable[[str], None]) -> Got:
    """Repeats `attempt` until it returns instead of raising CannotRun; after `timeout_s` raises its last error.

    `say` gets a line with the first error if there is time for another attempt.
    """
    give_up = time.monotonic() + timeout_s
    waiting = False
    while True:
        try:
            return attempt()
        except CannotRun as problem:
            if timeout_s > 0 and not waiting:
                waiting = True
                say(f"not ready: {problem}; waiting for up to {timeout_s:g} s")
            if time.monotonic() >= give_up:
                if timeout_s > 0:
                    raise type(problem)(
                        f"{problem} (waited {timeout_s:g} s, as --ready-check-timeout-sec says)"
                    ) from None
                raise
            time.sleep(_READY_PAUSE_S)


def short_body(backend: Backend, model: str, *, stream: bool) -> bytes:
    """The body of a request for one token that shares no prefix with the load."""
    prompt = Prompt("Hi", 1, 1, documents=("Hi",))
    return backend.body(prompt, BodyOptions(model, stream=stream))


@dataclass(frozen=True)
class Asking:
    """A server and how to reach it; `url` is the endpoint's."""

    target: Target
    transport: Transport
    headers: dict[str, str]
    url: str

    def client(self) -> Any:
        return session(self.target, self.transport, self.headers)


def post(asking: Asking, url: str, body: bytes | None, timeout_s: float) -> int:
    """Posts, and returns the status once the answer is complete. Raises CannotRun if there is no answer."""
    headers = {**asking.headers, **({"Content-Type": "application/json"} if body is not None else {})}
    try:
        with Client(asking.transport, headers, timeout_s) as client:
            return client.fetch("POST", url, most=_MOST_BYTES, body=body).status
    except NoAnswer as problem:
        raise CannotRun(f"{url}: {problem}") from None
    except TooLarge:
        raise CannotRun(f"{url} answered with more than {_MOST_BYTES >> 20} MiB") from None


async def _posted(client: Any, url: str, body: bytes | None, timeout_s: float) -> int:
    import aiohttp

    kind = {"Content-Type": "application/json"} if body is not None else {}
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    # Redirects are not followed: the target may be another server, and the run's headers are not for it.
    async with client.post(url, data=body, headers=kind, timeout=timeout, allow_redirects=False) as answer:
        await answer.read()
        return int(answer.status)


def first_answer(asking: Asking, body: bytes, timeout_s: float) -> None:
    """Raises CannotRun unless a request is answered with 200."""
    status = post(asking, asking.url, body, max(timeout_s, 1.0))
    if status != 200:
        raise CannotRun(f"{asking.url} answered the first request with {status}")


class Probes:
    """Sends short requests one after another, at most `rate` a second, and times each in seconds.

    Probes do not count towards the in-flight limit. A time ends with the last byte of the answer.
    """

    def __init__(self, asking: Asking, body: bytes, rate: float, timeout_s: float) -> None:
        self.asking = asking
        self.body = body
        self.pause_s = 1 / rate
        self.timeout_s = timeout_s
        self.took_s: list[float] = []
        self.failed = 0
        # Only runs with probes need it, and it takes 20 ms.
        import asyncio

        self.loop = asyncio.new_event_loop()
        self.stop = asyncio.Event()
        self.thread = threading.Thread(target=self.run, name="probes", daemon=True)

    def begin(self) -> None:
        self.thread.start()

    def end(self) -> None:
        """Waits for the probe that is under way."""
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()

    def facts(self) -> dict[str, Any]:
        """The results so far, for run.json."""
        return {"took_s": list(self.took_s), "failed": self.failed}

    def run(self) -> None:
        self.loop.run_until_complete(self.probe())
        self.loop.close()

    async def probe(self) -> None:
        import asyncio

        import aiohttp

        async with self.asking.client() as client:
            while not self.stop.is_set():
                began = time.perf_counter()
                try:
                    status = await _posted(client, self.asking.url, self.body, self.timeout_s)
                except (aiohttp.ClientError, TimeoutError):
                    status = 0
                if status == 200:
                    self.took_s.append(time.perf_counter() - began)
                else:
                    self.failed += 1
                try:
                    await asyncio.wait_for(self.stop.wait(), self.pause_s)
                except TimeoutError:
                    continue
