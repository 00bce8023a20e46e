"""Options for users who take turns at a constant rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aisbench.config.traffic import SECTION
from aisbench.errors import BadInput
from aisbench.options.checks import above, whole
from aisbench.options.option import option

_option = partial(option, section=SECTION)
# What --user-rate decides itself, by field, and the value that leaves the decision to it.
_DECIDED: Mapping[str, tuple[str, Any]] = {
    "rate": ("--rate", None),
    "ramp_up": ("--ramp-up", None),
    "rate_steps": ("--rate-steps", None),
    "rate_series": ("--rate-series", None),
    "rate_sine": ("--rate-sine", None),
    "burst": ("--burst", None),
    "arrival": ("--arrival", None),
    "burstiness": ("--burstiness", 1.0),
    "stress": ("--stress", False),
    "self_timed": ("--self-timed", None),
    "think_time_s": ("--think-time", None),
    "tool_latency_s": ("--tool-latency", None),
    "concurrency_ramp_s": ("--concurrency-ramp", None),
}


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class UserOptions:
    """Fields of RunConfig: users."""

    users: int | None = _option(
        "--users",
        check=whole(1),
        metavar="N",
        help="Users at a time, each in a session; with --user-rate. A new one replaces one whose session has ended.",
    )
    user_rate: float | None = _option(
        "--user-rate",
        check=above(0),
        metavar="RPS",
        help="Requests per second of all --users together: each sends its next turn N/RPS seconds after its last one, or when the answer has come, if that is later.",
    )

    def check_users(self, given: Mapping[str, Any]) -> None:
        """Raises BadInput if --users and --user-rate do not go with the other options, by their fields."""
        if self.users is None and self.user_rate is None:
            return
        if self.users is None or self.user_rate is None:
            raise BadInput(
                "--users and --user-rate go together: how many users, and requests/s of all of them"
            )
        for name, (flag, neutral) in _DECIDED.items():
            if given[name] != neutral:
                raise BadInput(f"--user-rate sets when each turn is sent; leave out {flag}")
        if given["concurrency"] not in (None, self.users):
            raise BadInput(
                f"--users {self.users} is the limit of requests in flight, as each has one; leave out --concurrency"
            )
        if given["slots"] != "users":
            raise BadInput("--users keep their slots between turns; leave out --slots")

    @property
    def user_gap_ns(self) -> int:
        """From one turn of a user to the next; 0: there are no users."""
        return 0 if self.users is None or self.user_rate is None else round(self.users / self.user_rate * 1e9)
