"""What a run is asked to do: every option, checked, with its default."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aisbench.config.client_options import ClientOptions
from aisbench.errors import BadInput
from aisbench.masking import MASK, masked_options
from aisbench.metrics import NAMES
from aisbench.workload.options import DatasetOptions, one_of
from aisbench.workload.seeds import AUTO, seed_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from aisbench.workload.arrivals.shapes import Shape

DEFAULT_PERCENTILES = (75.0, 90.0, 95.0, 99.0)
PERCENTILE_METRICS = (*NAMES, "client_queue_time", "e2el_including_client_queue")
GOODPUT_METRICS = NAMES
POLICIES = ("round-robin", "least", "sticky")
# How long a stress test takes that is not told.
STRESS_S = 60.0
# Events are small; a whole answer may hold thousands of vectors.
EVENT_BYTES = 16 << 20
ANSWER_BYTES = 1 << 26
# Token events are counted by 10 ms, and a page of many slices helps nobody.
SHORTEST_SLICE_S = 0.1
TABLES = ("vllm", "aisbench")
CONNECTIONS = ("keep-alive", "fresh")
RAMPS = ("linear", "exponential")
COMPATS = ("vllm",)
TTFT_AT = ("content", "first-chunk")
ARRIVALS = ("constant", "poisson", "gamma")
# What is masked where it is written down, but for the key, which is left out.
SECRET_FIELDS = ("header", "url", "endpoint", "proxy", "metrics_url", "dcgm_url")
# The readers of what shapes a rate, by their names in workload.shapes.
SHAPES = {"rate_steps": "steps", "rate_series": "series", "rate_sine": "sine", "burst": "burst"}


@dataclass(frozen=True, kw_only=True)
class RunConfig(DatasetOptions, ClientOptions):
    """One run, beside what its data set is told. Fields are the command line's options with underscores; units stand in the names.

    Raises BadInput from `check` for values that make no run; the message names the flag.
    """

    # target
    url: tuple[str, ...] = ()
    url_policy: str = "round-robin"
    backend: str = "openai"
    endpoint: str | None = None
    model: str | None = None
    api_key: str | None = None
    header: tuple[str, ...] = ()
    timeout_s: float = 600.0
    connections: str = "keep-alive"
    uds: str | None = None
    proxy: str | None = None
    cacert: str | None = None
    insecure: bool = False
    local_address: tuple[str, ...] = ()
    server_metrics: bool = True
    reset_prefix_cache: bool = False
    metrics_url: str | None = None
    device_metrics: bool = True
    dcgm_url: str | None = None
    # load
    # None: as the data set's own times say, where it has some; else as inf, when others end.
    rate: float | None = None
    burstiness: float = 1.0
    arrival: str | None = None
    ramp_up: str | None = None
    ramp_from: float | None = None
    ramp_to: float | None = None
    rate_steps: str | None = None
    rate_series: str | None = None
    rate_sine: str | None = None
    burst: str | None = None
    concurrency: int | None = None
    num_requests: int | None = None
    duration_s: float | None = None
    stress: bool = False
    connect_rate: float | None = None
    warmup: int = 0
    workers: int | None = None
    late: str = "catch-up"
    grace_s: float = 30.0
    # workload
    range_ratio: str = "0.0"
    # stream
    stream: bool = True
    max_chunk_size: int | None = None
    ttft_at: str = "content"
    compat: str | None = None
    # output
    work_dir: str = "outputs/default"
    label: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    save_outputs: bool = False
    save_token_times: bool = False
    save_detailed: bool = False
    percentiles: tuple[float, ...] = DEFAULT_PERCENTILES
    percentile_metrics: tuple[str, ...] = ("ttft", "tpot", "itl")
    goodput: dict[str, float] | None = None
    table: str = "vllm"
    slice_s: float | None = None
    strict: bool = False
    fail_on: str | None = None
    # the reader's longest pause between two looks at the sockets; 0: woken by each event
    reader_rest_ms: float = 2.0

    def expanded(self) -> RunConfig:
        """With what --seed auto, --stress and --compat stand for, where an option has its default."""
        if self.seed == AUTO:
            seed = seed_for(makes_prompts=self.dataset_path is None, compat=self.compat)
            return replace(self, seed=seed).expanded()
        if self.stress and self.duration_s is None:
            return replace(self, duration_s=STRESS_S).expanded()
        if self.compat != "vllm":
            return self
        percentiles = (99.0,) if self.percentiles == DEFAULT_PERCENTILES else self.percentiles
        return replace(self, ttft_at="first-chunk", percentiles=percentiles)

    def check(self) -> None:
        """Raises BadInput for the first option that makes no sense."""
        positive("--rate", self.rate, "a rate in requests/s above 0, or inf", infinite=True)
        positive("--burstiness", self.burstiness, "a shape above 0, or inf", infinite=True)
        positive("--timeout", self.timeout_s, "seconds above 0")
        positive("--concurrency", self.concurrency, "a whole number of at least 1")
        positive("--num-requests", self.num_requests, "a whole number of at least 1")
        positive("--duration", self.duration_s, "seconds above 0")
        positive("--workers", self.workers, "a whole number of at least 1")
        positive("--max-chunk-size", self.max_chunk_size, "a number of bytes of at least 1")
        not_negative("--warmup", self.warmup, "a whole number of at least 0")
        not_negative("--grace", self.grace_s, "seconds of at least 0")
        not_negative("--seed", self.seed, "a whole number from 0 to 4294967295")
        not_negative("--reader-rest", self.reader_rest_ms, "milliseconds of at least 0")
        if self.seed > 0xFFFFFFFF:
            raise BadInput(f"--seed {self.seed} is too large; give a whole number from 0 to 4294967295")
        if self.slice_s is not None and not SHORTEST_SLICE_S <= self.slice_s < math.inf:
            raise BadInput(
                f"--slice {self.slice_s:g} makes no sense; give seconds of at least {SHORTEST_SLICE_S:g}"
            )
        positive("--connect-rate", self.connect_rate, "connections/s above 0")
        if self.stress:
            if self.concurrency is None:
                raise BadInput("--stress keeps full concurrency for a set time; give --concurrency")
            if self.is_open_loop or self.num_requests is not None:
                raise BadInput(
                    "--stress sends as requests end until its time is over; leave --rate, --ramp-up and --num-requests out"
                )
        self.check_arrival()
        self.drop_after_ms()
        self.check_client()
        for percentile in self.percentiles:
            if not 0 <= percentile <= 100:
                raise BadInput(f"--percentiles: {percentile:g} is no percentile; give numbers from 0 to 100")
        for name in self.percentile_metrics:
            if name not in PERCENTILE_METRICS:
                raise BadInput(
                    f"--percentile-metrics: unknown metric {name!r}; known: {', '.join(PERCENTILE_METRICS)}"
                )
        if self.endpoint is not None and not self.endpoint.startswith("/"):
            raise BadInput(f"--endpoint {self.endpoint} must begin with a slash, as in /v1/completions")
        if self.endpoint is not None and not on_the_wire(self.endpoint):
            raise BadInput(
                f"--endpoint {self.endpoint!r} has a character that a request line cannot carry; "
                f"write it percent-encoded: {quote(self.endpoint, safe='/?=&%:,;@+')}"
            )
        one_of("--ttft-at", self.ttft_at, TTFT_AT)
        one_of("--compat", self.compat, COMPATS)
        one_of("--table", self.table, TABLES)
        one_of("--connections", self.connections, CONNECTIONS)
        one_of("--url-policy", self.url_policy, POLICIES)
        for name in SECRET_FIELDS:
            if any(MASK in text for text in listed(getattr(self, name))):
                raise BadInput(
                    f"--{name.replace('_', '-')} holds {MASK}, which stands in a run's files for what is secret; "
                    "give it again, whole, on the command line"
                )
        if self.uds is not None and len(self.url) > 1:
            raise BadInput("--uds is one server; give one --url (for its name and path) or none")

    def check_arrival(self) -> None:
        if self.ramp_up is None:
            if self.ramp_from is not None or self.ramp_to is not None:
                raise BadInput("--ramp-from and --ramp-to go with --ramp-up linear or --ramp-up exponential")
        else:
            if self.ramp_up not in RAMPS:
                raise BadInput(f"--ramp-up: unknown {self.ramp_up!r}; known: linear, exponential")
            if self.ramp_from is None or self.ramp_to is None:
                raise BadInput("--ramp-up needs --ramp-from and --ramp-to, both in requests/s")
            positive("--ramp-from", self.ramp_from, "a rate in requests/s above 0")
            positive("--ramp-to", self.ramp_to, "a rate in requests/s above 0")
            if not math.isinf(self.rate_rps):
                raise BadInput("--ramp-up sets the rate by itself; leave --rate out")
        self.check_shape()
        if self.arrival is None:
            return
        if self.arrival not in ARRIVALS:
            raise BadInput(f"--arrival: unknown {self.arrival!r}; known: {', '.join(ARRIVALS)}")
        if not self.is_open_loop:
            raise BadInput(f"--arrival {self.arrival} needs a finite --rate (or --ramp-up, or another shape)")
        wanted = {"constant": math.isinf(self.burstiness), "poisson": self.burstiness == 1.0, "gamma": True}
        if self.burstiness != 1.0 and not wanted[self.arrival]:
            raise BadInput(
                f"--arrival {self.arrival} and --burstiness {self.burstiness:g} contradict each other; leave one out"
            )

    def check_shape(self) -> None:
        flags = [f"--{name.replace('_', '-')}" for name in SHAPES if getattr(self, name) is not None]
        if not flags:
            return
        others = [*flags[1:], *(["--ramp-up"] if self.ramp_up else [])]
        if others:
            raise BadInput(f"{flags[0]} and {others[0]} both set the rate; give one of them")
        if not math.isinf(self.rate_rps):
            raise BadInput(f"{flags[0]} sets the rate by itself; leave --rate out")
        if self.burst is not None and (self.burstiness != 1.0 or self.arrival is not None):
            raise BadInput("--burst draws no gaps; leave --arrival and --burstiness out")
        self.traffic_shape()

    def traffic_shape(self) -> Shape | None:
        """The rate over time that was asked for, if one was; raises BadInput where it makes no sense."""
        for name, reader in SHAPES.items():
            text = getattr(self, name)
            if text is not None:
                # It computes with numpy, which --help does not wait for.
                from aisbench.workload.arrivals import shapes

                read: Callable[[str], Shape] = getattr(shapes, reader)
                return read(text)
        return None

    @property
    def has_moving_rate(self) -> bool:
        """True when the rate is another at different times, so that no one number tells it."""
        return self.ramp_up is not None or any(getattr(self, name) is not None for name in SHAPES)

    @property
    def counts_chunks(self) -> bool:
        """True when an event counts as generated by its shape alone, as in vLLM's client."""
        return self.ttft_at == "first-chunk"

    @property
    def event_bytes(self) -> int:
        """What one streamed event may take."""
        return EVENT_BYTES if self.max_chunk_size is None else self.max_chunk_size

    @property
    def answer_bytes(self) -> int:
        """What an answer may take that is not streamed."""
        return ANSWER_BYTES if self.max_chunk_size is None else self.max_chunk_size

    @property
    def is_open_loop(self) -> bool:
        """True when requests leave by a plan, not when others end."""
        return not math.isinf(self.rate_rps) or self.has_moving_rate

    @property
    def rate_rps(self) -> float:
        """Requests/s; inf where they leave when others end, or by the data set's own times."""
        return math.inf if self.rate is None else self.rate

    @property
    def peak_rps(self) -> float:
        """The highest rate in the plan, requests/s; inf where none is asked for."""
        if self.ramp_up is not None and self.ramp_from is not None and self.ramp_to is not None:
            return max(self.ramp_from, self.ramp_to)
        shape = self.traffic_shape()
        return self.rate_rps if shape is None else shape.peak_rps

    @property
    def sets_times(self) -> bool:
        """True when the command line says when requests leave, whatever times a data set has recorded."""
        if self.self_timed is not None:
            return not self.self_timed
        return self.rate is not None or self.has_moving_rate or self.stress

    @property
    def shape(self) -> float:
        """The gamma shape of the gaps: 1 is Poisson, inf is constant."""
        return math.inf if self.arrival == "constant" else self.burstiness

    @property
    def arrival_name(self) -> str:
        if not self.is_open_loop:
            return "inf"
        if self.burst is not None:
            return "burst"
        if math.isinf(self.shape):
            return "constant"
        return "poisson" if self.shape == 1.0 else "gamma"

    def drop_after_ms(self) -> float | None:
        """The bound of `--late drop:MS`; None for catch-up. Raises BadInput for anything else."""
        if self.late == "catch-up":
            return None
        kind, _, bound = self.late.partition(":")
        try:
            value = float(bound)
        except ValueError:
            value = math.nan
        if kind != "drop" or not 0 <= value < math.inf:
            raise BadInput(
                f"--late {self.late!r} is unknown; give catch-up, or drop:MS with the bound in milliseconds"
            )
        return value

    def as_dict(self) -> dict[str, Any]:
        """All options as plain values, inf as a string, secrets masked, the key left out: what a run folder keeps."""
        plain = asdict(self)
        plain.pop("api_key")
        plain["rate"] = self.rate_rps
        return masked_options({name: plain_value(value) for name, value in plain.items()})


def listed(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value or ()


def on_the_wire(text: str) -> bool:
    """Whether a request line can carry `text`: visible ASCII, without blanks."""
    return all(32 < ord(c) < 127 for c in text)


def plain_value(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    return list(value) if isinstance(value, tuple) else value


def field_names() -> list[str]:
    """The options' names, as a config file spells them."""
    return [f.name for f in fields(RunConfig)]


def positive(flag: str, value: float | None, wanted: str, *, infinite: bool = False) -> None:
    """Raises BadInput unless `value` is None or above 0 (and finite, unless `infinite`)."""
    if value is not None and not (value > 0 and (infinite or value < math.inf)):
        raise BadInput(f"{flag} {value:g} makes no sense; give {wanted}")


def not_negative(flag: str, value: float | None, wanted: str) -> None:
    """Raises BadInput unless `value` is None or finite and at least 0."""
    if value is not None and not 0 <= value < math.inf:
        raise BadInput(f"{flag} {value:g} makes no sense; give {wanted}")
