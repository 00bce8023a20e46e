"""The settings of a search, in addition to the options of its runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aisbench.errors import BadInput
from aisbench.metrics import BY_NAME
from aisbench.options.checks import MustBe, above, at_least, between, every, whole
from aisbench.options.option import SPAN, ListOf, check_values, option
from aisbench.studies.slo.terms import Term, check_bounds, parse_slo

_OVER = ("rate", "concurrency")
# Two runs on the same server differ by more than this.
_LEAST_TOLERANCE = 0.005
# Loads over concurrency are whole numbers; the command line takes loads of both kinds as any number.
_IN_FLIGHT = MustBe(
    "a whole number of at least 1 with --over concurrency",
    lambda load: load >= 1 and float(load).is_integer(),
)
SECTION = "Search"
_option = partial(option, section=SECTION)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`over`: rate (requests/s, open loop) or concurrency (requests in flight, closed loop).

    `start`: the first load; None: chosen by the search. `most`: the highest load; None: no limit. `step_s`: how long
    each load is held; None: chosen by the search. `sweep`: exactly these loads, instead of a search.
    """

    over: str = _option(
        "--over",
        default="rate",
        words=_OVER,
        help="rate (requests/s, open loop) or concurrency (requests in flight, closed loop).",
    )
    slo: str = _option(
        "--slo",
        default="error_rate<0.01",
        check=check_bounds,
        metavar="BOUNDS",
        help="Bounds to meet: 'ttft_p99<500 tpot_p99<50 error_rate<0.01', and with --score accuracy>0.70. With --over rate also a steady queue.",
    )
    start: float | None = _option(
        "--start",
        check=above(0),
        metavar="LOAD",
        help="First load. Default: from a short run at the start; 16 with --over concurrency.",
    )
    most: float | None = _option(
        "--max",
        check=above(0),
        metavar="LOAD",
        help="Highest load to try.",
    )
    step_s: float | None = _option(
        "--step",
        kind=SPAN,
        check=at_least(1, "second"),
        metavar="TIME",
        help="Seconds for each load; the second half is measured. Default: chosen from the E2EL.",
    )
    tolerance: float = _option(
        "--tolerance",
        default=0.03,
        check=between(_LEAST_TOLERANCE, 1),
        help="Search until the loads that pass and fail are this close (0.03: 3 %).",
    )
    repeats: int = _option(
        "--repeats",
        default=3,
        check=whole(1),
        metavar="N",
        help="Maximum number of runs at one load, used where chance may have decided.",
    )
    sweep: tuple[float, ...] = _option(
        "--sweep",
        default=(),
        kind=ListOf(float),
        check=every(above(0), "numbers above 0"),
        metavar="LOAD,...",
        help="Measure exactly these loads, each --repeats times.",
    )

    def check(self) -> None:
        """Raises BadInput, naming the flag, if these settings do not describe a search."""
        check_values(self)
        if self.over == "concurrency":
            for flag, load in (("--start", self.start), ("--max", self.most)):
                if load is not None:
                    _IN_FLIGHT(flag, load)
            every(_IN_FLIGHT, "whole numbers of at least 1 with --over concurrency")("--sweep", self.sweep)
        if len(set(self.sweep)) < len(self.sweep):
            raise BadInput("--sweep names a load twice; --repeats says how often each is measured")
        if self.sweep and (self.start is not None or self.most is not None):
            raise BadInput("--sweep is a list of loads; leave --start and --max out")
        if self.start is not None and self.most is not None and self.start > self.most:
            raise BadInput(f"--start {self.start:g} is above --max {self.most:g}; give a lower one")

    @property
    def terms(self) -> tuple[Term, ...]:
        return parse_slo(self.slo)

    @property
    def is_open_loop(self) -> bool:
        return self.over == "rate"

    @property
    def unit(self) -> str:
        """The unit of a load, as it is shown."""
        return "req/s" if self.is_open_loop else "in flight"

    @property
    def bounds_latency(self) -> bool:
        return any(term.metric in BY_NAME for term in self.terms)
