"""Named scenarios: sets of options that belong together, so that runs of different people can be compared.

Source of `agentx`: SemiAnalysis' agentx-harness and AIPerf's scenario inferencex-agentx-mvp, of 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aisbench.config.traffic import SECTION
from aisbench.errors import BadInput
from aisbench.options.option import Declared, option

_option = partial(option, section=SECTION)


@dataclass(frozen=True)
class Scenario:
    """Fields of RunConfig. `fixed`: what a run of the scenario must have. `usual`: what it has unless another is given.

    `least`: lower bounds of what is given. `lacks`: what the scenario asks for and this program does not do, in words.
    """

    fixed: Mapping[str, Any]
    usual: Mapping[str, Any]
    least: Mapping[str, float] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


SCENARIOS = {
    "agentx": Scenario(
        fixed={
            "dataset": "trace",
            "trace_format": "weka",
            "turn_times": "pauses",
            "ignore_eos": True,
            "stream": True,
            "speedup": 1.0,
            "think_time_s": None,
            "turns": None,
            "max_context": None,
            "num_requests": None,
            "rate": None,
            "stress": False,
        },
        usual={
            "concurrency": 8,
            "duration_s": 3600.0,
            "seed": 42,
            "idle_gap_cap_s": 300.0,
            "max_error_rate": 0.1,
        },
        least={"duration_s": 900.0},
        lacks=(
            "sessions begin at their first turn, not somewhere inside, and no request warms their prefixes up",
            "a session that comes again sends the same words again, without a mark that keeps it out of the cache",
            "--idle-gap-cap shortens every pause by itself, not the idle time of the whole system",
            "branches of a session take in-flight slots of their own, so that --concurrency bounds requests, not trees",
        ),
    )
}


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class ScenarioOptions:
    """Fields of RunConfig: the scenario."""

    scenario: str | None = _option(
        "--scenario",
        words=tuple(SCENARIOS),
        metavar="NAME",
        help="agentx: a trace of coding agents as in SemiAnalysis' AgentX: fixes or sets the options that the run then "
        "names.",
    )
    unsafe_override: bool = _option(
        "--unsafe-override",
        default=False,
        help="Allow options that contradict --scenario; the run then says that it is not one of the scenario.",
    )


def scenario_values(
    name: str, given: Mapping[str, Any], options: Mapping[str, Declared], *, override: bool
) -> dict[str, Any]:
    """The fields that a scenario sets, from what is `given` for all fields; `options`: those fields' options.

    A field with its default counts as not given. Raises BadInput, naming the option, for what contradicts the scenario,
    unless `override`.
    """
    scenario = SCENARIOS[name]
    values: dict[str, Any] = {}
    for one, wanted in scenario.fixed.items():
        if given[one] == wanted:
            continue
        if given[one] == options[one].default:
            values[one] = wanted
        elif not override:
            raise BadInput(
                f"--scenario {name} needs {_as_typed(options[one], wanted)}, got {_as_typed(options[one], given[one])}; "
                "leave it out, or give --unsafe-override"
            )
    values |= {one: usual for one, usual in scenario.usual.items() if given[one] == options[one].default}
    for one, least in scenario.least.items():
        value = values.get(one, given[one])
        if value < least and not override:
            raise BadInput(
                f"--scenario {name} needs {options[one].option.flag} of at least {least:g}, got {value:g}; "
                "give --unsafe-override for less"
            )
    return values


def scenario_notes(name: str, given: Mapping[str, Any], options: Mapping[str, Declared]) -> list[str]:
    """Notes on what the scenario has set, on what contradicts it, and on what of it this program does not do."""
    scenario = SCENARIOS[name]
    set_ = [_as_typed(options[one], given[one]) for one in (*scenario.fixed, *scenario.usual)]
    changed = [
        _as_typed(options[one], given[one]) for one, wanted in scenario.fixed.items() if given[one] != wanted
    ]
    changed += [
        _as_typed(options[one], given[one]) for one, least in scenario.least.items() if given[one] < least
    ]
    notes = [f"scenario {name}: {' '.join(set_)}"]
    if changed:
        notes.append(f"this is not a run of scenario {name}: --unsafe-override allowed {', '.join(changed)}")
    return [*notes, f"not as in scenario {name}: {'; '.join(scenario.lacks)}"]


def _as_typed(declared: Declared, value: Any) -> str:
    """An option as on the command line; what is not set, as `no --turns`."""
    on, _, off = declared.option.flags[0].partition("/")
    if value is True:
        return on
    if value is False:
        return off or f"no {on}"
    return f"no {on}" if value is None else f"{on} {value:g}" if isinstance(value, float) else f"{on} {value}"
