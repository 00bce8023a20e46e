"""The runs of a search: the configuration of each, and when it is cut short because enough is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from aisbench._native.os.clock import now_ns
from aisbench.analysis.backlog import BacklogWatch
from aisbench.config.run_config import RunConfig
from aisbench.engine.coordinator import Coordinator
from aisbench.studies.saturation.settings import Settings
from aisbench.studies.saturation.step import Point, Sample

# The sounding: requests in flight, and how often each of these slots is used before it ends.
_SOUNDING_IN_FLIGHT = 64
_SOUNDING_ROUNDS = 4
_SOUNDING_LEAST_REQUESTS = 20
_SOUNDING_S, _SOUNDING_MOST_S = 30.0, 120.0
# The first rate, as a share of the sounding's throughput.
_FIRST_SHARE = 0.75
# The first load over concurrency.
_FIRST_IN_FLIGHT = 16.0
# The reference asks this many questions one at a time, and takes at most this long.
_REFERENCE_ANSWERS = 100
_REFERENCE_MOST_S = 120.0
# A step lasts at least this many mean E2ELs and this many requests, within the bounds below.
_STEP_E2ELS = 16
_STEP_REQUESTS = 200
_STEP_LEAST_S, _STEP_MOST_S = 20.0, 300.0
_FEWEST_REQUESTS = 5
# In a closed loop, bodies for more requests than expected: a body that is sent twice would meet a warm cache.
_SPARE_BODIES = 1.2
_MOST_BODIES = 200_000
# As shares of the step: when watching the backlog begins, and how long it lasts before it is judged.
_WATCH_FROM, _WATCH_FOR = 1 / 3, 1 / 6


def sounding_config(config: RunConfig, first_load: float, *, open_loop: bool) -> RunConfig:
    """The configuration of the sounding.

    A search over concurrency sounds at its first load: with more in flight, requests would only wait longer.
    """
    limit = config.concurrency or _SOUNDING_IN_FLIGHT if open_loop else int(first_load)
    return replace(config, rate=math.inf, concurrency=limit, duration_s=_SOUNDING_MOST_S, grace_s=0.0)


def first_load(settings: Settings, sounding: Mapping[str, Any] | None) -> float:
    if settings.start is not None or settings.sweep:
        return settings.start or settings.sweep[0]
    if settings.is_open_loop and sounding is not None:
        first = _FIRST_SHARE * float(sounding["throughput"])
    else:
        first = _FIRST_IN_FLIGHT
    return min(first, settings.most or math.inf)


def reference_config(config: RunConfig) -> RunConfig:
    """One question at a time, each alone in the server."""
    return replace(
        config,
        rate=math.inf,
        concurrency=1,
        num_requests=_REFERENCE_ANSWERS,
        duration_s=_REFERENCE_MOST_S,
    )


def sounding_over(coordinator: Coordinator) -> bool:
    """True once every slot was used a few times, or after a while if few requests end."""
    seconds = (now_ns() - coordinator.start_ns) / 1e9
    ended = int(coordinator.live()["ok"].sum())
    rounds = _SOUNDING_ROUNDS * (coordinator.config.concurrency or 1)
    return ended >= _SOUNDING_LEAST_REQUESTS and (ended >= rounds or seconds >= _SOUNDING_S)


def sounded(sample: Sample) -> tuple[float, float] | None:
    """Requests/s and the mean E2EL, in seconds, of the sounding; None if no request succeeded.

    The E2EL follows from Little's law, requests in flight / requests/s. On a slow server few of the requests sent in
    the measured half have ended by its end, and those are the quick ones.
    """
    if sample.completed == 0:
        return None
    throughput = sample.completed / sample.seconds
    return throughput, sample.in_flight_mean / throughput


def step_seconds(mean_e2el_s: float, throughput: float) -> float:
    """How long to hold a load, in seconds: for several generations of requests, and enough of them."""
    wanted = max(_STEP_E2ELS * mean_e2el_s, _STEP_REQUESTS / throughput if throughput > 0 else 0.0)
    return float(round(min(max(wanted, _STEP_LEAST_S), _STEP_MOST_S)))


def expected_e2el_s(load: float, sounding: dict[str, Any], points: list[Point]) -> float:
    """The largest mean E2EL, in seconds, to expect at `load` in flight: at worst it grows in proportion to the load."""
    seen = [(sounding["in_flight"], sounding["mean_e2el_s"])]
    # By Little's law, as for the sounding.
    seen += [
        (point.load, point.in_flight_mean / point.throughput) for point in points if point.throughput > 0
    ]
    return float(min(mean_s * max(1.0, load / other) for other, mean_s in seen))


def length_of_step(
    settings: Settings, load: float, sounding: dict[str, Any] | None, points: list[Point]
) -> float:
    """How long `load` is held, s."""
    if settings.step_s is not None:
        return settings.step_s
    assert sounding is not None
    if settings.is_open_loop:
        return float(sounding["step_s"])
    return step_seconds(expected_e2el_s(load, sounding, points), float(sounding["throughput"]))


def step_config(
    config: RunConfig, load: float, step_s: float, at: int, expected: float | None, *, open_loop: bool
) -> RunConfig:
    """The configuration of the search's run number `at`, with new prompts, because the server may cache earlier ones.

    `expected`: the highest requests/s to expect of a closed loop; None: unknown.
    """
    seed = (config.seed + at) % (1 << 32)
    if open_loop:
        count = max(_FEWEST_REQUESTS, round(load * step_s))
        # The measured half begins with the questions of the reference.
        first = config.first_question - count // 2 if config.score else config.first_question
        # The duration ends sending a second after the last request is due; answers are then awaited for --grace only.
        return replace(
            config,
            seed=seed,
            rate=load,
            num_requests=count,
            duration_s=count / load + 1,
            first_question=first,
        )
    bodies = None
    if expected is not None:
        bodies = int(min(_SPARE_BODIES * expected * step_s + 2 * load + _FEWEST_REQUESTS, _MOST_BODIES))
    return replace(
        config, seed=seed, rate=math.inf, concurrency=int(load), num_requests=bodies, duration_s=step_s
    )


def expected_throughput(load: float, sounding: dict[str, Any] | None, points: list[Point]) -> float | None:
    """The highest requests/s to expect at `load` in flight: at best it grows in proportion to the load."""
    seen = [(point.load, point.throughput) for point in points]
    if sounding is not None:
        seen.append((sounding["in_flight"], sounding["throughput"]))
    return max((throughput * max(1.0, load / other) for other, throughput in seen), default=None)


class Hopeless:
    """A tick that ends an open-loop run whose backlog clearly grows."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.watch: BacklogWatch | None = None

    def __call__(self, coordinator: Coordinator) -> None:
        offsets_ns = coordinator.plan.offsets_ns
        passed_ns = now_ns() - coordinator.start_ns
        if self.watch is None:
            span_ns = int(offsets_ns[-1])
            self.watch = BacklogWatch(self.rate, int(span_ns * _WATCH_FROM), int(span_ns * _WATCH_FOR))
        if passed_ns > offsets_ns[-1] or coordinator.abandoned is not None:
            return
        live = coordinator.live()
        ended = int(sum(live[name].sum() for name in ("ok", "failed", "aborted", "cancelled")))
        if self.watch.hopeless(passed_ns, int(np.searchsorted(offsets_ns, passed_ns)), ended):
            coordinator.abandon("the server could not keep up with the load, and the queue grew")
