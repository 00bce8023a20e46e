"""What a search is told, beside what each of its runs is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aisbench.errors import BadInput
from aisbench.metrics import BY_NAME
from aisbench.studies.saturation.slo import Term, parse_slo

OVER = ("rate", "concurrency")
DEFAULT_SLO = "error_rate<0.01"
# Two runs of one server differ by more than this.
LEAST_TOLERANCE = 0.005


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`over`: rate (requests/s, open loop) or concurrency (requests in flight, closed loop).

    `start`, `most`: the first and the highest load; None: found by itself, no bound. `step_s`: how long each
    load is held, None: found by itself. `sweep`: exactly these loads, instead of a search.
    """

    over: str = "rate"
    slo: str = DEFAULT_SLO
    start: float | None = None
    most: float | None = None
    step_s: float | None = None
    tolerance: float = 0.03
    repeats: int = 3
    sweep: tuple[float, ...] = ()

    def check(self) -> None:
        """Raises BadInput, naming the flag, for what makes no search."""
        if self.over not in OVER:
            raise BadInput(f"--over: unknown {self.over!r}; known: {', '.join(OVER)}")
        if not parse_slo(self.slo):
            raise BadInput("--slo is empty; give bounds such as 'ttft_p99<500', or leave it out")
        for flag, value in (("--start", self.start), ("--max", self.most)):
            self.check_load(flag, value)
        for value in self.sweep:
            self.check_load("--sweep", value)
        if len(set(self.sweep)) < len(self.sweep):
            raise BadInput("--sweep names a load twice; --repeats says how often each is measured")
        if self.sweep and (self.start is not None or self.most is not None):
            raise BadInput("--sweep is a list of loads; leave --start and --max out")
        if self.start is not None and self.most is not None and self.start > self.most:
            raise BadInput(f"--start {self.start:g} is above --max {self.most:g}; give a lower one")
        if self.step_s is not None and not 1 <= self.step_s < math.inf:
            raise BadInput(f"--step {self.step_s:g} makes no sense; give seconds of at least 1")
        if not LEAST_TOLERANCE <= self.tolerance <= 1:
            raise BadInput(
                f"--tolerance {self.tolerance:g} makes no sense; give a share from {LEAST_TOLERANCE:g} to 1"
            )
        if self.repeats < 1:
            raise BadInput(f"--repeats {self.repeats} makes no sense; give a whole number of at least 1")

    def check_load(self, flag: str, value: float | None) -> None:
        if value is None:
            return
        if self.over == "concurrency" and (value < 1 or not float(value).is_integer()):
            raise BadInput(
                f"{flag} {value:g} makes no sense; give requests in flight, a whole number of at least 1"
            )
        if not 0 < value < math.inf:
            raise BadInput(f"{flag} {value:g} makes no sense; give a rate in requests/s above 0")

    @property
    def terms(self) -> tuple[Term, ...]:
        return parse_slo(self.slo)

    @property
    def needs_streams(self) -> bool:
        return any(term.metric in BY_NAME and BY_NAME[term.metric].needs_stream for term in self.terms)

    @property
    def is_open_loop(self) -> bool:
        return self.over == "rate"

    @property
    def unit(self) -> str:
        """Of a load."""
        return "req/s" if self.is_open_loop else "in flight"

    @property
    def bounds_latency(self) -> bool:
        return any(term.metric in BY_NAME for term in self.terms)
