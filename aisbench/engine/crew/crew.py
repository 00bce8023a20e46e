"""What a coordinator asks of the workers of a run, wherever they are, and what each host gets of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Share:
    """What the workers of one host get of a run.

    `tickets`: how many of the plan's are theirs (-1: as many as time allows), due `offsets_ns` after the common start.
    `in_flight`, `prefills`: the most in flight, and without a first token; None: no limit. `most_each`: the most that one
    worker can have in flight. `ramp_s`: the time over which the in-flight limit rises from 1; None: it is whole at once.
    Of each `round` places of the whole plan, `own` are this host's. The first `begun` of its tickets were begun by a host
    that was lost.
    """

    tickets: int
    offsets_ns: NDArray[np.int64]
    in_flight: int | None
    prefills: int | None
    most_each: int
    ramp_s: float | None = None
    round: int = 1
    own: tuple[int, ...] = (0,)
    begun: int = 0


class Crew(Protocol):
    """All workers of a run, as its coordinator sees them."""

    def start(self) -> None:
        """Starts the workers, which connect and send what goes before the run."""

    def live(self) -> np.ndarray:
        """The workers' live counters: a structured array of LIVE_FIELDS, shape (workers,)."""

    def done_with(self, live: np.ndarray) -> int:
        """How many requests have been sent or never will be, by the counters `live`."""

    def begin(self, sending_ns: int) -> int:
        """Sets the common start, soon after now, and returns it. Sending ends `sending_ns` later (0: no time limit)."""

    def stop(self, level: int) -> None:
        """Stops the workers, as in SharedBlock.stop."""

    def look(self) -> None:
        """Looks for workers that have died, and gives the others what these held."""

    def wait(self) -> None:
        """Waits 0.1 s, or less if the workers end, or if the in-flight limit rises meanwhile."""

    @property
    def running(self) -> bool: ...

    @property
    def dead(self) -> str | None:
        """A sentence about the first worker that died; None if none did."""

    @property
    def no_room(self) -> str | None:
        """What `dead` says if a worker found no room for its records."""

    def words(self) -> str:
        """The state of the nodes for the live view; "" on one host."""

    def end(self) -> None:
        """Ends the workers, if need be by force."""

    def facts(self) -> dict[str, Any]:
        """What run.json keeps of the workers and their hosts, once they have ended."""
