"""How long runs will take: from their options where these say it, else from the runs that have ended."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from aisbench.config.run_config import RunConfig
from aisbench.studies.sweep.points import Point

# As in the data sets that can make any number of requests.
_DEFAULT_REQUESTS = 1000


@dataclass(frozen=True)
class Ended:
    """A run that has ended: it took `seconds` in all, and did `per_s` requests/s."""

    point: Point
    seconds: float
    per_s: float


def options_say_s(config: RunConfig) -> float | None:
    """How long requests are sent according to the options, in seconds; None if the server decides."""
    if config.duration_s is not None:
        return config.duration_s
    if config.rate is not None and not math.isinf(config.rate):
        return (config.num_requests or _DEFAULT_REQUESTS) / config.rate
    return None


def expected_s(point: Point, ended: Iterable[Ended]) -> float | None:
    """How long a run at `point` will take, in seconds; None if nothing tells.

    A run at the same point is the best guide. Then come the options, with what earlier runs took beyond theirs for
    preparing, waiting for the last answers and reporting. Else the run that is nearest in its axes tells: fewer requests
    in flight do proportionally fewer requests/s at worst, and more do as many.
    """
    known = list(ended)
    own = [one.seconds for one in known if one.point.name == point.name]
    if own:
        return sum(own) / len(own)
    said = options_say_s(point.config)
    if said is not None:
        beyond = [one.seconds - of for one in known if (of := options_say_s(one.point.config)) is not None]
        return said + max(0.0, median(beyond) if beyond else 0.0)
    usable = [one for one in known if one.per_s > 0]
    if not usable:
        return None
    nearest = min(usable, key=lambda one: _distance(point, one.point))
    limit, other = point.config.concurrency, nearest.point.config.concurrency
    share = 1.0 if other is None or limit is None else min(1.0, limit / other)
    return (point.config.num_requests or _DEFAULT_REQUESTS) / (nearest.per_s * share)


def _distance(one: Point, other: Point) -> tuple[int, float]:
    """How many axes differ apart from the requests in flight, then how far those are apart."""
    differing = sum(one.axes[name] != other.axes.get(name) for name in one.axes if name != "concurrency")
    limits = (one.config.concurrency, other.config.concurrency)
    if limits[0] is None or limits[1] is None:
        return differing, 0.0
    return differing, abs(math.log(limits[0] / limits[1]))


def span_text(seconds: float) -> str:
    """A length of time in its two largest units: 45 s, 12 min 30 s, 3 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def total_text(points: Mapping[str, float | None]) -> str:
    """The sum of the expected lengths by run, and how many are unknown."""
    known = [length for length in points.values() if length is not None]
    unknown = len(points) - len(known)
    if not known:
        return "their length depends on the server"
    text = f"about {span_text(sum(known))}"
    return f"{text}, without {unknown} whose length depends on the server" if unknown else text
