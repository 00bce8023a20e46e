"""`aisbench completion SHELL`: the script that makes a shell complete commands, options and choices."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from aisbench.cli.command import Command
from aisbench.cli.options.types import Choice

_SHELLS = ("bash", "zsh", "fish")
_PROGRAMS = ("aisbench", "aisbench-load")


@click.command(cls=Command)
@click.argument("shell", type=Choice(_SHELLS))
def completion(shell: str) -> int:
    """Print the completion script for bash, zsh or fish.

    \b
    eval "$(aisbench completion bash)"            # in ~/.bashrc
    eval "$(aisbench completion zsh)"             # in ~/.zshrc
    aisbench completion fish | source             # in ~/.config/fish/config.fish
    """
    script = get_completion_class(shell)
    assert script is not None
    for program in _PROGRAMS:
        variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
        click.echo(script(click.Command(program), {}, program, variable).source())
    return 0
