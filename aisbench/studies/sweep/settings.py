"""The settings of a sweep, in addition to the options of its runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aisbench.options.checks import whole
from aisbench.options.option import LINES, option
from aisbench.studies.slo.terms import Term, check_bounds, parse_slo

SECTION = "Sweep"
_option = partial(option, section=SECTION)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`grid`: the texts that grid.parse_grid reads. `runs`: how often each point is measured."""

    grid: tuple[str, ...] = _option(
        "--grid",
        default=(),
        kind=LINES,
        repeated=True,
        metavar="NAME=VALUES...",
        help="Options to vary: 'input_len=512,2048 concurrency=1..256x2'. Values are a list, 1..256x2 (doubling) or 1..10+3 (steps of 3). All combinations are run.",
    )
    runs: int = _option(
        "--runs",
        default=1,
        check=whole(1, 1000),
        metavar="N",
        help="Runs at each point, with other prompts each time; 3 or more give intervals.",
    )
    slo: str | None = _option(
        "--slo",
        check=check_bounds,
        metavar="BOUNDS",
        help="Bounds for the best point: 'ttft_p99<500 tpot_mean<50 error_rate<0.01'.",
    )

    @property
    def terms(self) -> tuple[Term, ...]:
        return parse_slo(self.slo or "")
