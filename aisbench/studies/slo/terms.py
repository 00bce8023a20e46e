"""Parses the SLO that a load must meet: `ttft_p99<500 tpot_p99<50 error_rate<0.01`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aisbench.errors import BadInput
from aisbench.metrics import BY_NAME, NAMES

ERROR_RATE = "error_rate"
ACCURACY = "accuracy"
_SHARES = (ERROR_RATE, ACCURACY)
_EXAMPLE = "--slo 'ttft_p99<500 tpot_p99<50 error_rate<0.01 accuracy>0.70'"
_TERM = re.compile(
    r"(?P<name>[a-z_0-9.]+)(?P<sign>[<>])=?(?P<bound>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?P<percent>%?)$"
)
_STATISTIC = re.compile(
    r"(?P<metric>[a-z0-9_]+?)_(?P<statistic>mean|median|p(?P<percent>[0-9]+(?:\.[0-9]+)?))$"
)


@dataclass(frozen=True)
class Term:
    """A bound on one figure: ms for latencies, a share from 0 to 1 for error_rate and accuracy.

    `percent` is None for a mean and for a share.
    """

    name: str
    metric: str
    percent: float | None
    bound: float

    @property
    def sign(self) -> str:
        """On which side of the bound the figure has to be: `<` or `>`."""
        return _sign_of(self.name)

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.bound:g}"


def _sign_of(name: str) -> str:
    return ">" if name == ACCURACY else "<"


def parse_slo(text: str) -> tuple[Term, ...]:
    """The terms of `text`, separated by spaces or commas; raises BadInput for anything else."""
    terms = []
    for part in text.replace(",", " ").split():
        match = _TERM.match(part)
        if (
            match is None
            or match["sign"] != _sign_of(match["name"])
            or (match["percent"] and match["name"] not in _SHARES)
        ):
            raise BadInput(f"--slo: {part!r} is not a bound; give terms such as {_EXAMPLE}")
        terms.append(term(match["name"], float(match["bound"]) / (100 if match["percent"] else 1)))
    names = [one.name for one in terms]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"--slo names {name} twice; give each bound once")
    return tuple(terms)


def term(name: str, bound: float) -> Term:
    """The term `name`<`bound`; raises BadInput for an unknown figure or a bound out of range."""
    if name == ERROR_RATE:
        if not 0 <= bound < 1:
            raise BadInput(f"--slo: error_rate<{bound:g} is out of range; give a share from 0 to below 1")
        return Term(name, name, None, bound)
    if name == ACCURACY:
        if not 0 < bound < 1:
            raise BadInput(
                f"--slo: accuracy>{bound:g} is out of range; give a share above 0 and below 1, or per cent as in accuracy>70%"
            )
        return Term(name, name, None, bound)
    match = _STATISTIC.match(name)
    if match is None or match["metric"] not in NAMES:
        raise BadInput(
            f"--slo: unknown figure {name!r}; known: error_rate, accuracy, and {', '.join(NAMES)}, each with _mean, _median "
            "or a percentile, as in ttft_p99"
        )
    if bound <= 0:
        raise BadInput(f"--slo: {name}<{bound:g} is out of range; give milliseconds above 0")
    percent = (
        50.0 if match["statistic"] == "median" else float(match["percent"]) if match["percent"] else None
    )
    if percent is not None and not 0 < percent < 100:
        raise BadInput(f"--slo: {name} is not a percentile; give one between 0 and 100, as in ttft_p99")
    return Term(name, match["metric"], percent, bound)


def check_bounds(flag: str, value: str) -> None:
    """The check of an option --slo. Raises BadInput unless `value` holds bounds."""
    if not parse_slo(value):
        raise BadInput(f"{flag} is empty; give bounds such as 'ttft_p99<500', or leave it out")


def check_measured(terms: tuple[Term, ...], *, score: bool, stream: bool) -> None:
    """Raises BadInput for bounds on what a run does not measure. `score`, `stream`: the run's options."""
    if any(term.name == ACCURACY for term in terms) and not score:
        raise BadInput("--slo: accuracy needs --score and a --dataset with known answers, such as gsm8k")
    if any(term.metric in BY_NAME and BY_NAME[term.metric].needs_stream for term in terms) and not stream:
        raise BadInput(
            "--slo: TTFT and TPOT need streamed answers; leave --no-stream out, or give a bound on e2el"
        )
