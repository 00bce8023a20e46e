"""Makes the arrival plan of a run from its options."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.workload.arrivals.law import ArrivalLaw, plan_fingerprint
from aisbench.workload.arrivals.trace import Trace
from aisbench.workload.arrivals.users import asked_turns
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

# A run limited by time alone sends this many bodies over and over.
_BODIES_OF_TIMED_RUN = 1000
# Turns per session that are expected where --turns does not say how many.
_TURNS = 5
# In a closed loop the first requests, one for each in-flight slot, leave this far apart. Sent all at
# once they would queue in the server's socket, and their TTFT would include that queue.
START_SPACING_NS = 100_000


@dataclass(frozen=True)
class Plan:
    """`limit` tickets (-1: as many as time allows), due `offsets_ns` after the common start.

    A ticket is a request or a whole conversation. `requests`: how many are sent in all (-1: open-ended).
    `law`: the source of the offsets; None in a closed loop, where a request leaves when another ends.
    """

    limit: int
    requests: int
    offsets_ns: NDArray[np.int64]
    law: ArrivalLaw | None

    @property
    def is_trace(self) -> bool:
        return isinstance(self.law, Trace)

    @property
    def law_name(self) -> str:
        """The name for reports; inf for a closed loop."""
        return "inf" if self.law is None else self.law.name

    @property
    def fingerprint(self) -> str:
        return plan_fingerprint(self.offsets_ns)


def workload_options(config: RunConfig, model: str) -> WorkloadOptions:
    """The options of a run that its workload depends on. Raises BadInput for bad values."""
    return WorkloadOptions.of(
        config,
        count=bodies_wanted(config),
        model=model,
        own_times=not config.sets_times,
        model_is_named=config.model is not None,
        stream=config.stream,
    )


def bodies_wanted(config: RunConfig) -> int | None:
    """How many bodies the data set should make; None: its default."""
    law = config.arrival_law
    if config.num_requests is not None or config.sending_s is None or law is None:
        return config.num_requests
    if config.users is not None:
        # Sessions for the users at the start, and others to go on with.
        return max(_BODIES_OF_TIMED_RUN, 2 * config.users * (config.turns or _TURNS))
    count = law.count_within(config.sending_s)
    return count if count < _BODIES_OF_TIMED_RUN else None


def make_plan(config: RunConfig, prompts: Prompts) -> Plan:
    """The arrivals of the whole run, for `prompts` that are already made.

    A trace brings its own times unless --rate is given (inf included). vLLM's client draws arrivals from
    the generator that some of its data sets have used; its state is then continued here.
    """
    talks = prompts.conversations
    tickets = prompts.count if talks is None else len(talks.first) - 1
    if prompts.arrivals_ns is not None and not config.sets_times:
        offsets = prompts.arrivals_ns if talks is None else prompts.arrivals_ns[talks.first[:-1]]
        return Plan(tickets, prompts.count, offsets, Trace(offsets))
    law = config.arrival_law
    if law is None:
        return _closed_loop(config, tickets, prompts)
    if config.users is not None:
        return _users(config, config.users, law, prompts)
    count, requests = tickets, prompts.count
    if config.sending_s is not None and config.num_requests is None:
        count = law.count_within(config.sending_s)
        requests = count if talks is None else -1
    return Plan(count, requests, law.offsets_ns(count, prompts.legacy_random), law)


def plan_notes(config: RunConfig, plan: Plan) -> list[str]:
    """Notes for the user on when requests leave."""
    if config.users is not None and config.user_rate is not None:
        return [
            f"{config.users} users send a turn every {config.users / config.user_rate:g} s each; the sessions that they "
            "begin with are cut to 1, 2, ... of their turns, as if the run began in the middle"
        ]
    if plan.is_trace and config.concurrency is not None:
        return [
            f"requests leave at the data set's own times, at most {config.concurrency} in flight; "
            "--rate inf replays it in a closed loop"
        ]
    return []


def _users(config: RunConfig, users: int, law: ArrivalLaw, prompts: Prompts) -> Plan:
    """The first turns of `users` sessions; those of the others are due when earlier ones have ended.

    Raises BadInput for prompts that are not enough sessions of turns one after another.
    """
    talks = prompts.conversations
    if talks is None:
        raise BadInput("--users needs a --dataset of sessions, such as conversations or sessions")
    if talks.after is not None:
        raise BadInput(
            "--users needs sessions whose turns follow one another, and some of these fork or keep other times; "
            "leave out --users, or give other sessions"
        )
    sessions = len(talks.first) - 1
    if sessions < users:
        raise BadInput(
            f"--users {users} are more than the {sessions} sessions of the data set; give fewer users, or more --num-requests"
        )
    offsets = law.offsets_ns(users)
    if config.sending_s is not None and config.num_requests is None:
        return Plan(-1, -1, offsets, law)
    return Plan(sessions, int(asked_turns(np.diff(talks.first), users).sum()), offsets, law)


def _closed_loop(config: RunConfig, tickets: int, prompts: Prompts) -> Plan:
    bounded = config.num_requests is not None or config.sending_s is None
    spacing_ns = 0 if config.compat == "vllm" else START_SPACING_NS
    first = min(config.concurrency or 0, tickets)
    offsets = np.arange(first, dtype=np.int64) * spacing_ns
    return Plan(tickets, prompts.count, offsets, None) if bounded else Plan(-1, -1, offsets, None)
