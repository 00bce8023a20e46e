"""A gate in a scripted server: what its answers wait at until the test opens it."""

from __future__ import annotations

import threading


class Gate:
    """Answers wait at it, so that a test knows what is in flight when it does something to the client."""

    def __init__(self) -> None:
        self.waiting = 0
        self._lock = threading.Lock()
        self._open = threading.Event()

    def wait(self) -> None:
        """Returns at once when it is open."""
        with self._lock:
            self.waiting += 1
        self._open.wait(100)

    def open(self) -> None:
        self._open.set()
