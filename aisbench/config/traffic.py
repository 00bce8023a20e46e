"""Options for the traffic: how many requests, when, and how many at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from aisbench.errors import BadInput
from aisbench.options.checks import above, at_least, whole
from aisbench.options.option import SPAN, option

ARRIVALS = ("constant", "poisson", "gamma")
_RAMPS = ("linear", "exponential")
_CATCH_UP = "catch-up"
# Rates over time, by the names of their fields.
_MOVING = ("rate_steps", "rate_series", "rate_sine", "burst")
SECTION = "Load"
_option = partial(option, section=SECTION)


def _late_bound_ms(flag: str, value: str) -> float | None:
    """The bound of `drop:MS`; None for catch-up. Raises BadInput for anything else."""
    if value == _CATCH_UP:
        return None
    kind, _, text = value.partition(":")
    try:
        bound = float(text)
    except ValueError:
        bound = math.nan
    if kind != "drop" or not 0 <= bound < math.inf:
        raise BadInput(f"{flag} must be catch-up, or drop:MS with the bound in milliseconds, got {value!r}")
    return bound


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class TrafficOptions:
    """Fields of RunConfig: the load."""

    # None: at the data set's recorded times if it has any, else a closed loop as with inf.
    rate: float | None = _option(
        "--rate",
        "--request-rate",
        check=above(0, infinite=True),
        metavar="RPS",
        help="Requests per second. inf is a closed loop and ignores recorded times.",
        vllm="--request-rate",
    )
    burstiness: float = _option(
        "--burstiness",
        default=1.0,
        check=above(0, infinite=True),
        help="Gamma shape of the gaps: 1 is Poisson, inf is constant.",
        vllm="--burstiness",
    )
    arrival: str | None = _option(
        "--arrival",
        words=ARRIVALS,
        help="Arrival process. Default: by --burstiness.",
    )
    ramp_up: str | None = _option(
        "--ramp-up",
        "--ramp-up-strategy",
        words=_RAMPS,
        help="How the rate changes from --ramp-from to --ramp-to.",
        vllm="--ramp-up-strategy",
    )
    ramp_from: float | None = _option(
        "--ramp-from",
        "--ramp-up-start-rps",
        check=above(0),
        metavar="RPS",
        help="Rate at the start of the ramp.",
        vllm="--ramp-up-start-rps",
    )
    ramp_to: float | None = _option(
        "--ramp-to",
        "--ramp-up-end-rps",
        check=above(0),
        metavar="RPS",
        help="Rate at the end of the ramp.",
        vllm="--ramp-up-end-rps",
    )
    rate_steps: str | None = _option(
        "--rate-steps",
        metavar="RxS,...",
        help="Successive rates, as in 10x30s,20x30s; the last one stays.",
    )
    rate_series: str | None = _option(
        "--rate-series",
        metavar="FILE",
        help="CSV file with time_s,rate from time 0, interpolated linearly.",
    )
    rate_sine: str | None = _option(
        "--rate-sine",
        metavar="M,A,S",
        help="Sine wave: mean, amplitude and period, as in 20,10,60s.",
    )
    burst: str | None = _option(
        "--burst",
        metavar="NxS",
        help="Bursts of N requests every S seconds, as in 50x10s.",
    )
    concurrency: int | None = _option(
        "--concurrency",
        "--max-concurrency",
        check=whole(1),
        metavar="N",
        help="Maximum number of requests in flight, over all workers.",
        vllm="--max-concurrency",
    )
    num_requests: int | None = _option(
        "--num-requests",
        "--num-prompts",
        check=whole(1),
        metavar="N",
        help="Requests to send; 1000 unless --duration is given.",
        vllm="--num-prompts",
    )
    stress: bool = _option(
        "--stress",
        "--pressure",
        default=False,
        help="Stress test: --concurrency in flight for --duration (default 60 s), repeating the data set.",
    )
    connect_rate: float | None = _option(
        "--connect-rate",
        check=above(0),
        metavar="N",
        help="Connections opened per second before the start, over all workers.",
    )
    duration_s: float | None = _option(
        "--duration",
        "--pressure-time",
        kind=SPAN,
        check=above(0, "seconds"),
        metavar="TIME",
        help="How long to send requests, in seconds.",
    )
    warmup: int = _option(
        "--warmup",
        "--num-warmups",
        default=0,
        check=whole(0),
        metavar="N",
        help="Warm-up requests before the run, with other prompts than the run's. They are not measured.",
        vllm="--num-warmups",
    )
    warmup_time_s: float | None = _option(
        "--warmup-time",
        kind=SPAN,
        check=above(0, "seconds"),
        metavar="TIME",
        help="Beginning of the load that is not measured: requests that begin in it are in no figure. --duration counts from its end.",
    )
    workers: int | None = _option(
        "--workers",
        check=whole(1),
        metavar="N",
        help="Worker processes. Default: one per 1,024 streams, at most one per CPU.",
    )
    reader: str = _option(
        "--reader",
        default="auto",
        words=("auto", "epoll", "io_uring"),
        help="How workers read sockets: auto is io_uring where the kernel and the container allow it, and else epoll.",
    )
    late: str = _option(
        "--late",
        default=_CATCH_UP,
        check=_late_bound_ms,
        metavar="POLICY",
        help="catch-up sends late requests at once; drop:MS skips and counts those more than MS late.",
    )
    grace_s: float = _option(
        "--grace",
        default=30.0,
        kind=SPAN,
        check=at_least(0, "seconds"),
        metavar="TIME",
        help="How long to wait for requests in flight after --duration or Ctrl-C.",
    )

    def check_traffic(self) -> None:
        """Raises BadInput for options of this section that contradict each other."""
        if self.stress:
            if self.concurrency is None:
                raise BadInput("--stress keeps full concurrency for a set time; give --concurrency")
            if self.is_open_loop or self.num_requests is not None:
                raise BadInput(
                    "--stress sends a request whenever one ends, until its time is over; "
                    "leave out --rate, --ramp-up and --num-requests"
                )
        self.check_ramp()
        self.check_moving()
        self.check_arrival()

    def check_ramp(self) -> None:
        if self.ramp_up is None:
            if self.ramp_from is not None or self.ramp_to is not None:
                raise BadInput("--ramp-from and --ramp-to go with --ramp-up linear or --ramp-up exponential")
            return
        if self.ramp_from is None or self.ramp_to is None:
            raise BadInput("--ramp-up needs --ramp-from and --ramp-to, both in requests/s")
        if not math.isinf(self.rate_rps):
            raise BadInput("--ramp-up sets the rate itself; leave out --rate")

    def check_moving(self) -> None:
        flags = [f"--{name.replace('_', '-')}" for name in _MOVING if getattr(self, name) is not None]
        if not flags:
            return
        others = [*flags[1:], *(["--ramp-up"] if self.ramp_up else [])]
        if others:
            raise BadInput(f"{flags[0]} and {others[0]} both set the rate; give one of them")
        if not math.isinf(self.rate_rps):
            raise BadInput(f"{flags[0]} sets the rate itself; leave out --rate")
        if self.burst is not None and (self.burstiness != 1.0 or self.arrival is not None):
            raise BadInput("--burst has no random gaps; leave out --arrival and --burstiness")

    def check_arrival(self) -> None:
        if self.arrival is None:
            return
        if not self.is_open_loop:
            raise BadInput(f"--arrival {self.arrival} needs a finite --rate (or --ramp-up, or another shape)")
        wanted = {"constant": math.isinf(self.burstiness), "poisson": self.burstiness == 1.0, "gamma": True}
        if self.burstiness != 1.0 and not wanted[self.arrival]:
            raise BadInput(
                f"--arrival {self.arrival} and --burstiness {self.burstiness:g} contradict each other; leave one out"
            )

    @property
    def has_moving_rate(self) -> bool:
        """True when the rate changes over time, so that no single number describes it."""
        return self.ramp_up is not None or any(getattr(self, name) is not None for name in _MOVING)

    @property
    def is_open_loop(self) -> bool:
        """True when requests are sent according to a plan, not when others end."""
        return not math.isinf(self.rate_rps) or self.has_moving_rate

    @property
    def rate_rps(self) -> float:
        """Requests/s; inf in a closed loop or with the data set's recorded times."""
        return math.inf if self.rate is None else self.rate

    @property
    def sending_s(self) -> float | None:
        """How long requests are sent, with --warmup-time, in seconds; None without --duration."""
        return None if self.duration_s is None else self.duration_s + (self.warmup_time_s or 0.0)

    @property
    def shape(self) -> float:
        """The gamma shape of the gaps: 1 is Poisson, inf is constant."""
        return math.inf if self.arrival == "constant" else self.burstiness

    def drop_after_ms(self) -> float | None:
        """The bound of `--late drop:MS`; None for catch-up."""
        return _late_bound_ms("--late", self.late)
