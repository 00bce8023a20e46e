"""A node as the head sees it: how to call it, its share of the run, and what it last said."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Protocol

import numpy as np

from aisbench._native.memory.shared import LIVE_FIELDS
from aisbench._native.os.clock import now_ns
from aisbench.engine.cluster.clock import NodeClock, Sample
from aisbench.engine.cluster.messages import About, Status
from aisbench.engine.crew.crew import Share
from aisbench.engine.crew.worker_spec import WorkerSpec

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
    """Node `rank` of a run. It has a worker for each of `specs`, which are those of one host; they are numbered from `first` on."""

    def __init__(
        self, rank: int, remote: Remote, about: About, specs: list[WorkerSpec], first: int, share: Share
    ) -> None:
        self.rank = rank
        self.remote = remote
        self.about = about
        self.specs = specs
        self.workers = len(specs)
        self.first = first
        self.share = share
        self.limit = share.in_flight
        self.clock = NodeClock(0, 0, 0)
        # Questions about its clock during the run.
        self.during: list[Sample] = []
        self.status = Status(np.zeros(self.workers, _LIVE).tobytes(), True, None, False, 0, share.in_flight)
        self.asked: Future[Status] | None = None
        # Why and when, by our clock, it was found to be lost.
        self.lost: str | None = None
        self.lost_ns: int | None = None
        # Whether another node has what was left of its share.
        self.replaced = False

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

    def begin(self, start_ns: int, sending_ns: int) -> Future[Any]:
        """Sets the common start, by our clock, on the node's."""
        theirs_ns = self.clock.theirs_ns(start_ns)
        return self.remote.call("begin", theirs_ns, theirs_ns + sending_ns if sending_ns else 0)

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
    def taken(self) -> int:
        """How many tickets of its share had been taken when it was last heard of."""
        found = self.share.begun + int(self.live()["taken"].sum())
        return found if self.share.tickets < 0 else min(found, self.share.tickets)

    @property
    def done(self) -> int:
        """How many of its requests have been sent or never will be. A lost node sends no more."""
        if self.lost is None:
            return self.status.done
        all_of_it = self.taken if self.replaced or self.share.tickets < 0 else self.share.tickets
        return all_of_it - self.share.begun

    @property
    def has_more(self) -> bool:
        """Whether some of its requests are still to be sent, so far as is known."""
        return self.lost is None and (
            self.share.tickets < 0 or self.share.begun + self.status.done < self.share.tickets
        )
