"""The configuration of a run: every option, checked, with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aisbench.config.client import ClientOptions
from aisbench.config.cluster import ClusterOptions
from aisbench.config.identity import IdentityOptions
from aisbench.config.limits import LimitOptions
from aisbench.config.output import DEFAULT_PERCENTILES, OutputOptions
from aisbench.config.scenario import ScenarioOptions, scenario_notes, scenario_values
from aisbench.config.stream import StreamOptions
from aisbench.config.target import TargetOptions
from aisbench.config.traffic import ARRIVALS, TrafficOptions
from aisbench.config.users import UserOptions
from aisbench.errors import BadInput
from aisbench.masking.masking import masked_options
from aisbench.options.option import Declared, check_values, declared
from aisbench.options.plain import INF, plain_value, restored
from aisbench.workload.dataset_options import DatasetOptions
from aisbench.workload.request_options import RequestOptions
from aisbench.workload.seeds import AUTO, seed_for

if TYPE_CHECKING:
    from aisbench.workload.arrivals.law import ArrivalLaw

# Duration of a stress test without --duration.
_STRESS_S = 60.0


@dataclass(frozen=True, kw_only=True)
class RunConfig(
    ClientOptions,
    OutputOptions,
    StreamOptions,
    RequestOptions,
    DatasetOptions,
    ScenarioOptions,
    LimitOptions,
    UserOptions,
    ClusterOptions,
    TrafficOptions,
    IdentityOptions,
    TargetOptions,
):
    """All options of one run. The fields are the command line's options with underscores, and with units in the names.

    `check` raises BadInput, naming the flag, for values that cannot be used.
    """

    def expanded(self) -> RunConfig:
        """This configuration with --scenario, --seed auto, --stress, --users and --compat turned into what they stand for.

        Raises BadInput for options that contradict the scenario.
        """
        if self.scenario is not None:
            values = scenario_values(self.scenario, vars(self), self.options(), override=self.unsafe_override)
            if values:
                return replace(self, **values).expanded()
        if self.seed == AUTO:
            seed = seed_for(makes_prompts=self.dataset_path is None, compat=self.compat)
            return replace(self, seed=seed).expanded()
        if self.stress and self.duration_s is None:
            return replace(self, duration_s=_STRESS_S).expanded()
        if self.users is not None and self.concurrency is None:
            return replace(self, concurrency=self.users).expanded()
        if self.compat != "vllm":
            return self
        percentiles = (99.0,) if self.percentiles == DEFAULT_PERCENTILES else self.percentiles
        return replace(self, ttft_at="first-chunk", percentiles=percentiles)

    @staticmethod
    def options() -> dict[str, Declared]:
        """The options by the names of their fields."""
        return {one.name: one for one in declared(RunConfig)}

    @property
    def scenario_notes(self) -> list[str]:
        """Notes for the user on what --scenario has set and on what it lacks here."""
        return [] if self.scenario is None else scenario_notes(self.scenario, vars(self), self.options())

    def check(self) -> None:
        """Raises BadInput for the first option whose value cannot be used."""
        check_values(self)
        self.check_target()
        self.check_identity(self.header)
        self.check_users(vars(self))
        self.check_cluster(vars(self))
        self.check_traffic()
        self.check_limits(stream=self.stream, concurrency=self.concurrency)
        self.check_dataset()
        if self.score:
            _check_scored(self.dataset)
        # Raises BadInput for a rate over time that cannot be read.
        if self.has_moving_rate:
            assert self.arrival_law is not None

    @cached_property
    def arrival_law(self) -> ArrivalLaw | None:
        """When requests are sent; None in a closed loop, where each is sent when another ends.

        Raises BadInput for a rate over time that cannot be read.
        """
        if not self.is_open_loop:
            return None
        # These import numpy, which would slow down --help.
        from aisbench.workload.arrivals import reading
        from aisbench.workload.arrivals.gaps import Gaps
        from aisbench.workload.arrivals.ramp import Ramp
        from aisbench.workload.arrivals.steady import Steady
        from aisbench.workload.arrivals.users import Users

        if self.user_rate is not None:
            return Users(self.user_rate)
        gaps = Gaps(self.shape, self.seed)
        if self.burst is not None:
            return reading.burst(self.burst)
        if self.rate_steps is not None:
            return reading.steps(self.rate_steps, gaps)
        if self.rate_series is not None:
            return reading.series(self.rate_series, gaps)
        if self.rate_sine is not None:
            return reading.sine(self.rate_sine, gaps)
        if self.ramp_up is not None and self.ramp_from is not None and self.ramp_to is not None:
            return Ramp(self.ramp_up, self.ramp_from, self.ramp_to, gaps)
        return Steady(self.rate_rps, gaps)

    @property
    def sets_times(self) -> bool:
        """True when the command line decides when requests are sent, not the times recorded in a data set."""
        if self.self_timed is not None:
            return not self.self_timed
        return self.rate is not None or self.has_moving_rate or self.stress or self.users is not None

    @property
    def is_open_loop(self) -> bool:
        """True when requests are sent according to a plan, not when others end."""
        return self.users is not None or super().is_open_loop

    def as_dict(self) -> dict[str, Any]:
        """All options as a run folder keeps them: plain values, inf as a string, secrets masked, no API key."""
        plain = asdict(self)
        plain.pop("api_key")
        plain["rate"] = self.rate_rps
        return masked_options({name: plain_value(value) for name, value in plain.items()})

    @staticmethod
    def from_dict(plain: Mapping[str, Any]) -> RunConfig:
        """The configuration from `as_dict`, or from the `config` of a run.json.

        In a run.json, endpoint, model and workers are those that the run used, and the rate is inf if none was given.
        Masked values stay masked. Names from other versions are dropped, and missing ones get their defaults. Raises
        BadInput, naming the option, for an invalid value, but accepts words of other versions.
        """
        given = dict(plain)
        if isinstance(given.get("url"), str):
            given["url"] = given["url"].split(", ")
        if isinstance(given.get("ramp_up"), Mapping):
            ramp = given["ramp_up"]
            given |= {
                "ramp_up": ramp.get("strategy"),
                "ramp_from": ramp.get("from_rps"),
                "ramp_to": ramp.get("to_rps"),
            }
        law = given.get("arrival")
        if law == "trace" and given.get("rate") == INF:
            given["rate"] = None
        # A run may have a law that --arrival does not offer.
        given["arrival"] = law if law in ARRIVALS else None
        config = restored(RunConfig, given)
        for one in declared(RunConfig):
            value = getattr(config, one.name)
            if one.option.check is not None and value is not None and not one.option.secret:
                one.option.check(one.option.flag, value)
        return config


# Fields that are masked when they are written down. The API key is left out altogether.
SECRET_FIELDS = tuple(one.name for one in declared(RunConfig) if one.option.secret)


def _check_scored(dataset: str) -> None:
    """Raises BadInput for a data set whose answers are not known, or are code that would have to run."""
    from aisbench.accuracy.tasks.registry import NAMES, task_named

    if dataset not in NAMES:
        raise BadInput(
            f"--score needs a --dataset with known answers, got {dataset}; give {', '.join(NAMES)}"
        )
    if task_named(dataset).runs_code:
        raise BadInput(
            f"--score does not run code, and the answers of {dataset} are code; use aisbench eval --allow-code"
        )


def listed(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value or ()
