"""Which request of an agent's session waits for which, from the times at which they were sent and answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aisbench.workload.files.trace_times import S
from aisbench.workload.sessions.agents import MAIN
from aisbench.workload.traces.trace import Recorded

# Recorded ends and starts of calls that follow each other differ by this much.
_SLACK_S = 1.0


@dataclass(frozen=True)
class Call:
    """A request, sent at `t_s`. `api_s`: how long its answer took; `think_s`: the pause before it; None: not known."""

    request: Recorded
    t_s: float
    api_s: float | None
    think_s: float | None

    @property
    def end_s(self) -> float:
        return self.t_s + (self.api_s or 0.0)


@dataclass(frozen=True)
class Agent:
    """A sub-agent that was started at `t_s`. `in_background`: nobody waits for its end."""

    t_s: float
    calls: tuple[Call, ...]
    duration_s: float | None = None
    in_background: bool = False


class Order:
    """The requests of a session, in an order in which each follows those that it waits for.

    `late`: how many were sent before the one ahead of them was answered. `open_ended`: how many pauses count from when a
    request was sent, as the end of its answer is not recorded.
    """

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.late = self.open_ended = 0
        self.ends_s: list[float] = []
        self.ends_known: list[bool] = []

    def add(self, call: Call, after: Sequence[int], began_s: float = 0.0, agent: int = 0) -> int:
        """Appends a call of an agent and returns its place. `began_s`: the start of the clock that its time is on."""
        t_s = began_s + call.t_s
        ended_s = max((self.ends_s[one] for one in after), default=0.0)
        pause_s = max(0.0, t_s - ended_s)
        if call.think_s is not None and len(after) == 1:
            pause_s = call.think_s
        elif not all(self.ends_known[one] for one in after):
            self.open_ended += 1
        self.requests.append(
            replace(
                call.request,
                at_ns=round(t_s * S),
                after=tuple(sorted(after)),
                pause_ns=round(pause_s * S),
                agent=(agent, 0) if agent else MAIN,
            )
        )
        self.ends_s.append(t_s + (call.api_s or 0.0))
        self.ends_known.append(call.api_s is not None)
        return len(self.requests) - 1


def in_order(entries: Sequence[Call | Agent], *, relative: bool) -> Order:
    """Which call of a session waits for which.

    `entries` are in the order of their times. Each call of the main agent waits for the one before. A sub-agent begins
    after the last call before it. The first call that was sent after a sub-agent's end waits for that, too, unless the
    sub-agent ran in the background. `relative`: the times of sub-agents count from their own start.
    """
    session = Order()
    last: int | None = None
    agents = 0
    # The sub-agents that the main agent has not waited for: the place of the last call, and when it ended.
    under_way: list[tuple[int, float]] = []
    for entry in entries:
        before = [] if last is None else [last]
        if isinstance(entry, Agent):
            began_s = entry.t_s if relative else 0.0
            place = last
            agents += 1
            for number, call in enumerate(entry.calls):
                # The pause before an agent's first call is the time in which it was started.
                own = call if number else replace(call, think_s=None)
                place = session.add(own, [] if place is None else [place], began_s, agents)
            if entry.calls and place is not None and not entry.in_background:
                ended_s = session.ends_s[place]
                if entry.duration_s is not None:
                    ended_s = max(ended_s, entry.t_s + entry.duration_s)
                under_way.append((place, ended_s))
            continue
        ended = [place for place, end_s in under_way if end_s <= entry.t_s + _SLACK_S]
        under_way = [one for one in under_way if one[0] not in ended]
        if last is not None and session.ends_s[last] > entry.t_s + _SLACK_S:
            session.late += 1
        last = session.add(entry, [*before, *ended])
    return session
