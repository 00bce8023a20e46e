"""The servers' profilers (--profile), switched on before a run and off after it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

from aisbench.engine.aside import aside
from aisbench.engine.target.small_requests import Asking, post
from aisbench.errors import CannotRun

# A profiler writes its trace when it is stopped, which can take minutes.
_TIMEOUT_S = 600.0


class Profiler:
    """The profilers of all servers, which are switched at once."""

    def __init__(self, asked: Sequence[Asking]) -> None:
        self._asked = asked
        # The last request to each of them, with its URL: why it was refused, None if it was not.
        self._calls: list[tuple[str, Future[str | None]]] = []

    def start(self) -> list[str]:
        """Posts /start_profile to each server; returns notes on those that refused."""
        return self._switch("start", "; vLLM has a profiler if started with --profiler-config")

    def stop(self) -> list[str]:
        """Posts /stop_profile to each server; returns notes on those that refused.

        One that has not answered /start_profile is left out, as it would not answer now either.
        """
        self._asked = [one for one, (_, call) in zip(self._asked, self._calls, strict=True) if call.done()]
        return self._switch("stop", "")

    def unanswered(self) -> list[str]:
        """A note about each server that has not answered, for when nobody waits any longer."""
        return [
            f"--profile: {url} had not answered when the run was stopped; the server may go on profiling"
            for url, call in self._calls
            if not call.done()
        ]

    def _switch(self, what: str, hint: str) -> list[str]:
        self._calls = [
            (url := f"{asking.target.root_url}/{what}_profile", aside(partial(_refusal, asking, url)))
            for asking in self._asked
        ]
        found = [(url, call.result()) for url, call in self._calls]
        return [
            f"--profile: {url} {refused}, so nothing was profiled{hint}" for url, refused in found if refused
        ]


def _refusal(asking: Asking, url: str) -> str | None:
    try:
        status = post(asking, url, None, _TIMEOUT_S)
    except CannotRun as problem:
        return str(problem)
    return f"answered {status}" if status != 200 else None
