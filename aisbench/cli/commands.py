"""The commands by name. Each is imported only when it is used, so that --help is instant."""

from __future__ import annotations

import importlib

import click

from aisbench.cli.command import Group

# Name of the command: module and attribute, and the line that `aisbench --help` shows.
COMMANDS = {
    "load": ("aisbench.cli.load:load", "Put load on an inference server and report what happened."),
    "eval": (
        "aisbench.cli.accuracy.eval:evaluate",
        "Measure the accuracy of a served model on known answers.",
    ),
    "score": ("aisbench.cli.accuracy.score:score", "Score outputs that a model has already produced."),
    "saturate": ("aisbench.cli.studies.saturate:saturate", "Find the highest load that meets an SLO."),
    "sweep": ("aisbench.cli.studies.sweep:sweep", "Run a load at every point of a grid of options."),
    "plan": ("aisbench.cli.plan:plan", "Draw when a run would send its requests; send nothing."),
    "selfcheck": ("aisbench.cli.selfcheck:selfcheck", "Measure how much load this host can generate."),
    "report": ("aisbench.cli.report:report", "Rebuild the report of a run from its records."),
    "plot": ("aisbench.cli.plot:plot", "Draw a chart of runs or searches, for a paper."),
    "compare": ("aisbench.cli.compare:compare", "Compare results, including those of other tools."),
    "export": ("aisbench.cli.export:export", "Log finished runs to MLflow or Weights & Biases."),
    "backends": ("aisbench.cli.backends:backends", "List the supported APIs, and how each is read."),
    "workloads": (
        "aisbench.cli.workload.workloads:workloads",
        "List the data sets, and the options that each takes.",
    ),
    "datasets": ("aisbench.cli.accuracy.datasets:datasets", "List the data sets that have known answers."),
    "workload": (
        "aisbench.cli.workload.workload:workload",
        "Write a workload to a file; check, convert or describe one.",
    ),
    "completion": ("aisbench.cli.completion:completion", "Print the completion script of a shell."),
    "simulate": ("aisbench.cli.simulate:simulate", "Run the built-in inference server."),
}


class _LazyGroup(Group):
    """A group whose commands are imported only when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """A load engine for LLM inference servers whose numbers can be believed."""
