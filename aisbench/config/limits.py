"""Options for what may be in flight beside --concurrency, and for what ends requests and runs early."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from aisbench.config.traffic import SECTION
from aisbench.durations import seconds
from aisbench.errors import BadInput
from aisbench.options.checks import MustBe, above, whole
from aisbench.options.option import SPAN, option

SLOTS = ("users", "requests")
_option = partial(option, section=SECTION)
_SHARE = MustBe("a share above 0 and at most 1", lambda value: 0 < value <= 1)
_TOKENS = re.compile(r"([1-9]\d{0,8})\s*tok(?:ens?)?")


def abort_after(flag: str, value: str) -> tuple[float | None, int | None]:
    """Seconds from the send, or tokens, from `2s`, `500ms` or `16tok`. Raises BadInput for anything else."""
    tokens = _TOKENS.fullmatch(value.strip())
    if tokens is not None:
        return None, int(tokens[1])
    try:
        span = seconds(value)
    except ValueError:
        span = -1.0
    if not 0 < span < 1e9:
        raise BadInput(f"{flag} must be a time such as 2s or 500ms, or tokens such as 16tok, got {value!r}")
    return span, None


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class LimitOptions:
    """Fields of RunConfig: further limits."""

    slots: str = _option(
        "--slots",
        default="users",
        words=SLOTS,
        help="What --concurrency counts in sessions: users, who keep their place while they think, or requests in flight.",
    )
    concurrency_ramp_s: float | None = _option(
        "--concurrency-ramp",
        kind=SPAN,
        check=above(0, "seconds"),
        metavar="TIME",
        help="Time over which the in-flight limit rises from 1 to --concurrency.",
    )
    prefill_concurrency: int | None = _option(
        "--prefill-concurrency",
        check=whole(1),
        metavar="N",
        help="Maximum number of requests in flight that have no first token yet, over all workers.",
    )
    cancel_rate: float | None = _option(
        "--cancel-rate",
        check=_SHARE,
        metavar="SHARE",
        help="Share of the requests, 0 to 1, whose connection the client closes before the answer ends.",
    )
    cancel_after: str | None = _option(
        "--cancel-after",
        check=abort_after,
        metavar="TIME|Ntok",
        help="When --cancel-rate closes them: 2s or 500ms after the send, or with the 16th token as 16tok.",
    )
    max_error_rate: float | None = _option(
        "--max-error-rate",
        check=_SHARE,
        metavar="SHARE",
        help="End the run when more than this share of the ended requests failed; looked at from 20 on.",
    )

    def check_limits(self, *, stream: bool, concurrency: int | None) -> None:
        """Raises BadInput for options of this section that contradict each other."""
        if self.concurrency_ramp_s is not None and concurrency is None:
            raise BadInput("--concurrency-ramp raises the limit to --concurrency; give --concurrency")
        if (self.cancel_rate is None) != (self.cancel_after is None):
            raise BadInput(
                "--cancel-rate and --cancel-after go together, as in --cancel-rate 0.1 --cancel-after 2s"
            )
        if not stream and self.aborts_after()[1] is not None:
            raise BadInput(
                "--cancel-after in tokens needs streamed answers; leave out --no-stream, or give a time such as 2s"
            )

    def aborts_after(self) -> tuple[float | None, int | None]:
        """The seconds or tokens of --cancel-after; neither without it."""
        return (
            abort_after("--cancel-after", self.cancel_after)
            if self.cancel_after is not None
            else (None, None)
        )
