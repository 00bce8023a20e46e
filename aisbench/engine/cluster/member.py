"""A node as the head sees it: how to call it, its share of the run, and what it last said."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Protocol

import numpy as np

from aisbench._native.memory.shared import LIVE_FIELDS
from aisbench._native.os.clock import now_ns
from aisbench.engine.cluster.clock import NodeClock, Sample
from aisbench.engine.cluster.node import About, Status
from aisbench.engine.crew.crew import Share

_LIVE = np.dtype(LIVE_FIELDS)


class NodeLost(Exception):
    """A node does not exist any more, or cannot be reached. The message says why."""


class Remote(Protocol):
    """Calls methods of a Node that is elsewhere. Raises NodeLost, and what the method raises."""

    def ask(self, method: str, *args: Any) -> Any:
        """Calls a method and waits for its result, by the shortest way."""

    def call(self, method: str, *args: Any) -> Future[Any]:
        """Calls a method and returns at once."""

    def share(self, content: bytes) -> Any:
        """What to pass instead of `content`, if several nodes get it."""


class Member:
    """Node `rank` of a run. Its workers are numbered from `first` on."""

    def __init__(
        self, rank: int, remote: Remote, about: About, workers: int, first: int, share: Share
    ) -> None:
        self.rank = rank
        self.remote = remote
        self.about = about
        self.workers = workers
        self.first = first
        self.share = share
        self.limit = share.in_flight
        self.clock = NodeClock(0, 0, 0)
        # Questions about its clock during the run.
        self.during: list[Sample] = []
        self.status = Status(np.zeros(workers, _LIVE).tobytes(), True, None, False, 0, share.in_flight)
        self.asked: Future[Status] | None = None
        # Why and when, by our clock, it was found to be lost.
        self.lost: str | None = None
        self.lost_ns: int | None = None

    @property
    def name(self) -> str:
        return f"node {self.rank} ({self.about.host})"

    def live(self) -> np.ndarray:
        """The last known counters of its workers, shape (workers,). A lost node has nothing in flight."""
        found = np.frombuffer(self.status.live, _LIVE)
        if self.lost is not None:
            found = found.copy()
            found["in_flight"] = found["connections"] = 0
        return found

    def sample(self) -> Sample:
        """Asks for the node's clock. Raises NodeLost."""
        asked_ns = now_ns()
        theirs_ns = self.remote.ask("now_ns")
        return Sample(asked_ns, theirs_ns, now_ns())

    def lose(self, why: object) -> None:
        """Notes that the node is lost."""
        if self.lost is None:
            self.lost, self.lost_ns = str(why), now_ns()

    @property
    def running(self) -> bool:
        return self.lost is None and self.status.running

    @property
    def dead(self) -> str | None:
        """A clause about the first of its workers that died, or about its loss; None if all is well."""
        if self.lost is not None:
            return f"{self.name} was lost: {self.lost}"
        return self.status.dead and f"{self.name}: {self.status.dead}"

    @property
    def done(self) -> int:
        """How many of its requests have been sent or never will be. A lost node sends no more."""
        return self.share.tickets if self.lost is not None and self.share.tickets >= 0 else self.status.done
