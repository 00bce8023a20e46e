"""How many requests, when, and how many at a time."""

from __future__ import annotations

from aisbench.cli.options.types import Choice, Duration, Seed, option
from aisbench.config.run_config import ARRIVALS, RAMPS

TRAFFIC_OPTIONS = (
    option(
        "--rate",
        "--request-rate",
        name="rate",
        type=float,
        metavar="RPS",
        help="Requests per second; inf: closed loop, whatever times a data set has recorded.",
    ),
    option(
        "--burstiness",
        name="burstiness",
        type=float,
        help="Gamma shape of the gaps: 1 is Poisson, inf is constant.",
    ),
    option(
        "--arrival",
        name="arrival",
        type=Choice(ARRIVALS),
        help="constant, poisson or gamma; by default what --burstiness says.",
    ),
    option(
        "--ramp-up",
        "--ramp-up-strategy",
        name="ramp_up",
        type=Choice(RAMPS),
        help="linear or exponential, from --ramp-from to --ramp-to.",
    ),
    option(
        "--ramp-from",
        "--ramp-up-start-rps",
        name="ramp_from",
        type=float,
        metavar="RPS",
        help="Rate at the start of the ramp.",
    ),
    option(
        "--ramp-to",
        "--ramp-up-end-rps",
        name="ramp_to",
        type=float,
        metavar="RPS",
        help="Rate at the end of the ramp.",
    ),
    option(
        "--rate-steps",
        name="rate_steps",
        metavar="RxS,...",
        help="Rates in turn, as 10x30s,20x30s; the last holds on.",
    ),
    option(
        "--rate-series",
        name="rate_series",
        metavar="FILE",
        help="csv of time_s,rate from 0 on, linear between.",
    ),
    option(
        "--rate-sine", name="rate_sine", metavar="M,A,S", help="Mean, amplitude and period, as 20,10,60s."
    ),
    option("--burst", name="burst", metavar="NxS", help="So many at once, every so often, as 50x10s."),
    option(
        "--concurrency",
        "--max-concurrency",
        name="concurrency",
        type=int,
        metavar="N",
        help="Most requests in flight, all workers together.",
    ),
    option(
        "--num-requests",
        "--num-prompts",
        name="num_requests",
        type=int,
        metavar="N",
        help="Requests to send; 1000 unless --duration is given.",
    ),
    option(
        "--stress",
        "--pressure",
        name="stress",
        is_flag=True,
        help="Full --concurrency for --duration (60 s), the data set again and again.",
    ),
    option(
        "--connect-rate",
        name="connect_rate",
        type=float,
        metavar="N",
        help="Connections made a second before the start, all workers together.",
    ),
    option(
        "--duration",
        "--pressure-time",
        name="duration_s",
        type=Duration(),
        metavar="TIME",
        help="Seconds to send for.",
    ),
    option(
        "--warmup",
        "--num-warmups",
        name="warmup",
        type=int,
        metavar="N",
        help="Requests sent before the run and left out of it, with prompts that the run does not have.",
    ),
    option(
        "--workers",
        name="workers",
        type=int,
        metavar="N",
        help="Worker processes; by default one for each 1,024 streams, at most one a CPU.",
    ),
    option(
        "--late",
        name="late",
        metavar="POLICY",
        help="catch-up: late requests go at once; drop:MS: those later than MS are skipped and counted.",
    ),
    option(
        "--grace",
        name="grace_s",
        type=Duration(),
        metavar="TIME",
        help="After --duration or Ctrl-C, how long to wait for requests in flight.",
    ),
    option(
        "--seed",
        name="seed",
        type=Seed(),
        default="auto",
        metavar="N",
        help="Of prompts and arrivals. auto: drawn where prompts are made and recorded in config.yaml; 0 for files and --compat vllm.",
    ),
)
