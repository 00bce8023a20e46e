"""Options for what may be in flight beside --concurrency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aisbench.config.traffic import SECTION
from aisbench.options.option import option

SLOTS = ("users", "requests")
_option = partial(option, section=SECTION)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class LimitOptions:
    """Fields of RunConfig: further limits."""

    slots: str = _option(
        "--slots",
        default="users",
        words=SLOTS,
        help="What --concurrency counts in sessions: users, who keep their place while they think, or requests in flight.",
    )
