"""Reads options from the environment: AISBENCH_URL sets --url, and so on for every option of every command.

Commands that share the options of a run share their variables. The variables of other commands contain the command's
name, as in AISBENCH_SIMULATE_PORT, so that one variable never means two things.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence

import click

from aisbench.children import KEPT

_PREFIX = "AISBENCH_"
# Not mentioned in messages: users know that their key is in the environment.
_UNSAID = ("api_key", "judge_api_key")
# Commands whose variables contain their name.
APART = (
    "ais_bench",
    "simulate",
    "plot",
    "report",
    "compare",
    "score",
    "selfcheck",
    "backends",
    "workloads",
    "datasets",
    "completion",
    "import",
    "mlflow",
    "wandb",
)
# Variables of options that only some of the other commands have. The rest ignore them without a message.
SOMEWHERE = tuple(
    f"{_PREFIX}{name}"
    for name in (
        *("DISABLE_TQDM", "JSON", "LIVE_PORT", "NO_PROGRESS", "OTLP_ENDPOINT", "OUTPUT", "UPLOAD"),
        *("BUDGET", "MAX", "OVER", "REPEATS", "RESUME", "SLO", "START", "STEP", "SWEEP", "TOLERANCE"),
        *("GRID", "RUNS", "DRY_RUN"),
        *(
            "ALLOW_CODE",
            "DATASETS",
            "DUMP_EVAL_DETAILS",
            "DUMP_EXTRACT_RATE",
            "INCLUDE_PATH",
            "INTO",
            "JUDGE_API_KEY",
            "JUDGE_EXTRA_BODY",
            "JUDGE_MODEL",
            "JUDGE_OMIT_FIELD",
            "JUDGE_OUTPUT_LEN",
            "JUDGE_PROMPT",
            "JUDGE_URL",
            "MERGE_DS",
            "MODE",
            "N",
            "REUSE",
            "SEARCH",
        ),
    )
)
# Variables of the build, of the tests and of worker processes.
_NO_OPTIONS = (f"{_PREFIX}DEBUG", f"{_PREFIX}WERROR", f"{_PREFIX}SLOW", KEPT)


def _is_shared(command: click.Command) -> bool:
    """True for commands that take the options of a run."""
    return any(param.name == "config" for param in command.params)


def _prefix_of(command: click.Command) -> str:
    return _PREFIX if _is_shared(command) else f"{_PREFIX}{(command.name or '').upper()}_"


def variable(flag: str, prefix: str = _PREFIX) -> str:
    return prefix + flag.lstrip("-").replace("-", "_").upper()


def give_variables(command: click.Command) -> None:
    """Lets each option of `command` be set in the environment, under any of its names."""
    shared, prefix = _is_shared(command), _prefix_of(command)
    for option in command.params:
        if isinstance(option, click.Option) and option.expose_value and (shared or not option.hidden):
            own = [variable(flag, prefix) for flag in option.opts if flag[:2] == "--"]
            option.envvar = list(dict.fromkeys([*own, *variables(option)]))


def variables(option: click.Parameter) -> Sequence[str]:
    """The variables that an option is read from. The first one that is set is used."""
    return [option.envvar] if isinstance(option.envvar, str) else option.envvar or []


def variable_in_use(ctx: click.Context, option: click.Parameter) -> str | None:
    """The variable that the option's value came from; None when it came from elsewhere."""
    if ctx.get_parameter_source(str(option.name)) is not click.core.ParameterSource.ENVIRONMENT:
        return None
    return next((name for name in variables(option) if os.environ.get(name)), None)


def said(ctx: click.Context) -> list[str]:
    """The names of the variables that set an option."""
    found = (variable_in_use(ctx, option) for option in ctx.command.params if option.name not in _UNSAID)
    return [name for name in found if name]


def misspelt(command: click.Command) -> list[str]:
    """The variables in the environment that look like options of `command` but are not, each with the nearest one."""
    prefix = _prefix_of(command)
    known = {name for option in command.params for name in variables(option)} | {*SOMEWHERE, *_NO_OPTIONS}
    apart = tuple(f"{_PREFIX}{name.upper()}_" for name in APART) if prefix == _PREFIX else ()
    left = [
        name
        for name in sorted(os.environ)
        if name.startswith(prefix) and name not in known and not name.startswith(apart)
    ]
    if left and prefix == _PREFIX:
        known |= run_variables()
    return [_with_nearest(name, known) for name in left if name not in known]


def run_variables() -> set[str]:
    """The variables of all options of a run, some of which a command may lack."""
    from aisbench.cli.options.run_options import ALL

    return {
        variable(flag.partition("/")[0]) for one in ALL for flag in (*one.option.flags, *one.option.scoped)
    }


def _with_nearest(name: str, known: set[str]) -> str:
    # The prefix is left out: it would make all names look alike.
    rests = [one.removeprefix(_PREFIX) for one in known]
    near = difflib.get_close_matches(name.removeprefix(_PREFIX), rests, n=1, cutoff=0.7)
    return f"{name} (did you mean {_PREFIX}{near[0]}?)" if near else name
