"""The entry points. Commands are imported when they are used, so that --help is instant."""

from __future__ import annotations

import importlib
import sys
import threading

import click

from aisbench.children import PACKAGE
from aisbench.cli.command import Group
from aisbench.cli.process_list import hide_secrets
from aisbench.disk import full_text, is_full
from aisbench.engine.interrupts import interrupt_when_ended
from aisbench.errors import BadInput, CannotRun
from aisbench.exit_codes import BAD_INPUT, DONE, INTERRUPTED, RUN_FAILED
from aisbench.masking import masked_text, remember_command, remember_environment, show_masked
from aisbench.printable import printable

# Name of the command: module and attribute, and the line that `aisbench --help` shows.
COMMANDS = {
    "load": ("aisbench.cli.load:load", "Put load on an inference server and report what happened."),
    "saturate": ("aisbench.cli.saturate:saturate", "Find the highest load that meets an SLO."),
    "plan": ("aisbench.cli.plan:plan", "Draw when a run's requests would leave; send nothing."),
    "selfcheck": ("aisbench.cli.selfcheck:selfcheck", "Measure how much this host can carry as a client."),
    "report": ("aisbench.cli.report:report", "Rebuild the report of a run from its records."),
    "plot": ("aisbench.cli.plot:plot", "Draw a chart of runs or searches, for a paper."),
    "compare": ("aisbench.cli.compare:compare", "Hold results against each other, other tools' too."),
    "backends": ("aisbench.cli.backends:backends", "List the APIs that can be asked, and how each is read."),
    "workloads": ("aisbench.cli.workloads:workloads", "List the data sets, and the options that each takes."),
    "workload": ("aisbench.cli.workload:workload", "Write a workload to a file, or check one."),
    "completion": ("aisbench.cli.completion:completion", "Print the completion script of a shell."),
    "simulate": ("aisbench.cli.simulate:simulate", "Run the built-in inference server."),
}


class LazyGroup(Group):
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


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """A load engine for LLM inference servers whose numbers can be believed."""


def run(command: click.Command, name: str) -> None:
    """Runs `command`; what the user got wrong is one line and exit code 2, never a traceback.

    Nothing that is shown holds a key or a password.
    """
    interrupt_when_ended()
    remember_environment()
    remember_command(sys.argv[1:])
    hide_secrets(sys.argv[1:])
    threading.excepthook = lambda ended: show_masked(ended.exc_type, ended.exc_value, ended.exc_traceback)
    try:
        check_utf8(sys.argv[1:])
        code = command.main(prog_name=name, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        code = BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough.
        sys.stderr.close()
        code = RUN_FAILED
    except Exception as problem:
        line, code = explained(problem)
        if line is not None:
            click.echo(f"error: {shown(line)}", err=True)
        else:
            show_masked(type(problem), problem, problem.__traceback__)
    sys.exit(code if isinstance(code, int) else DONE)


def check_utf8(args: list[str]) -> None:
    """Raises BadInput for an argument that no file of a run could hold: all of them are UTF-8."""
    for arg in args:
        if printable(arg) != arg and any("\ud800" <= letter <= "\udfff" for letter in arg):
            raise BadInput(f"{arg!r} is not UTF-8; rename the file, or give the text in UTF-8")


def explained(problem: Exception) -> tuple[str | None, int]:
    """What is said of a problem, None where only a traceback can, and the exit code."""
    if isinstance(problem, click.ClickException):
        return problem.format_message(), BAD_INPUT
    if isinstance(problem, BadInput):
        return str(problem), BAD_INPUT
    if isinstance(problem, CannotRun):
        return str(problem), RUN_FAILED
    if isinstance(problem, OSError) and is_full(problem):
        return f"{full_text(problem)}; free some, or write elsewhere", RUN_FAILED
    if isinstance(problem, ModuleNotFoundError) and (problem.name or "").startswith("aisbench._native."):
        return (
            f"aisbench was started from {PACKAGE}, where it is not built; leave that folder, or run scripts/build",
            RUN_FAILED,
        )
    return None, RUN_FAILED


def shown(text: str) -> str:
    """A message in one line, without secrets and without a server's control characters."""
    return printable(masked_text(" ".join(text.split())))


def main() -> None:
    """`aisbench`."""
    run(group, "aisbench")


def load_main() -> None:
    """`aisbench-load`, which is `aisbench load`."""
    from aisbench.cli.load import load

    run(load, "aisbench-load")
