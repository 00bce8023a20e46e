"""Calls in threads of their own, for which an ending process does not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Got = TypeVar("Got")


def aside(work: Callable[[], Got]) -> Future[Got]:
    """Begins `work`, which cannot be cancelled. The threads of a ThreadPoolExecutor would be waited for at the end."""
    found: Future[Got] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as problem:
            found.set_exception(problem)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return found
