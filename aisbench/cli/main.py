"""The entry points, which run a command and report its errors."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import os
import sys
import threading
from typing import NoReturn

import click

from aisbench.children import GC_THRESHOLD, PACKAGE, keep_numpy_single
from aisbench.cli.commands import group
from aisbench.cli.process_list import hide_secrets
from aisbench.disk import full_text, is_full
from aisbench.engine.interrupts import end_undisturbed, interrupt_when_ended
from aisbench.errors import BadInput, CannotRun
from aisbench.exit_codes import BAD_INPUT, DONE, INTERRUPTED, RUN_FAILED
from aisbench.masking.masking import masked_text, remember_command, remember_environment, show_masked
from aisbench.printable import printable

# Errors of a file or folder that was usable when the command began, and that only the user can mend.
_UNUSABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EIO, errno.ESTALE)


def run(command: click.Command, name: str) -> None:
    """Runs `command` and exits. A user's mistake gives one line and exit code 2, never a traceback.

    Keys and passwords are masked in everything that is shown.
    """
    gc.set_threshold(GC_THRESHOLD)
    keep_numpy_single()
    interrupt_when_ended()
    remember_environment()
    remember_command(sys.argv[1:])
    hide_secrets(sys.argv[1:])
    threading.excepthook = lambda ended: show_masked(ended.exc_type, ended.exc_value, ended.exc_traceback)
    try:
        _check_utf8(sys.argv[1:])
        code = command.main(prog_name=name, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        code = BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        end_undisturbed()
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of the output, such as `head`, has closed it.
        sys.stderr.close()
        code = RUN_FAILED
    except Exception as problem:
        line, code = _explained(problem)
        if line is not None:
            click.echo(f"error: {shown(line)}", err=True)
        else:
            show_masked(type(problem), problem, problem.__traceback__)
    if code == INTERRUPTED:
        end_undisturbed()
    _exit(code if isinstance(code, int) else DONE)


def _exit(code: int) -> NoReturn:
    """Exits without what Python does last: it looks for garbage among all that was imported and takes every module apart.

    That takes a tenth of the time of `--help` and frees nothing that the end of the process does not.
    """
    gc.freeze()
    if threading.active_count() == 1 and atexit._ncallbacks() == 0:
        # A stream may have been closed, or its reader be gone, which is left to Python.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    sys.exit(code)


def _check_utf8(args: list[str]) -> None:
    """Raises BadInput for an argument that is not UTF-8, because a run's files are written in UTF-8."""
    for arg in args:
        if printable(arg) != arg and any("\ud800" <= letter <= "\udfff" for letter in arg):
            raise BadInput(f"{arg!r} is not UTF-8; rename the file, or give the text in UTF-8")


def _explained(problem: Exception) -> tuple[str | None, int]:
    """The message for `problem`, or None if it needs a traceback, and the exit code."""
    if isinstance(problem, click.ClickException):
        return problem.format_message(), BAD_INPUT
    if isinstance(problem, BadInput):
        return str(problem), BAD_INPUT
    if isinstance(problem, CannotRun):
        return str(problem), RUN_FAILED
    if isinstance(problem, RecursionError) and (kind := _parsed(problem)) is not None:
        return f"{kind} that was given is nested too deeply; flatten it", BAD_INPUT
    if isinstance(problem, OSError) and is_full(problem):
        return f"{full_text(problem)}; free some space, or write elsewhere", RUN_FAILED
    if isinstance(problem, OSError) and (place := _unusable(problem)) is not None:
        return f"{place} cannot be used ({problem.strerror}); it must stay there, and be writable", RUN_FAILED
    if isinstance(problem, ModuleNotFoundError) and (problem.name or "").startswith("aisbench._native."):
        return (
            f"the aisbench in {PACKAGE} is not built; run scripts/build, or start aisbench from another folder",
            RUN_FAILED,
        )
    return None, RUN_FAILED


def _unusable(problem: OSError) -> str | None:
    """The file or folder that was usable when the command began and is not any more; None for other problems."""
    if problem.errno not in _UNUSABLE or not isinstance(problem.filename, (str, bytes)):
        return None
    place = os.path.abspath(os.fsdecode(problem.filename))
    if problem.errno != errno.ENOENT:
        return place
    gone = None
    while not os.path.isdir(place := os.path.dirname(place)):
        gone = place
    return gone


def _parsed(problem: RecursionError) -> str | None:
    """JSON, if it was being read or written when the nesting was too deep; else None."""
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] == "json":
            return "JSON"
        trace = trace.tb_next
    return None


def shown(text: str) -> str:
    """`text` on one line, without secrets and without a server's control characters."""
    return printable(masked_text(" ".join(text.split())))


def main() -> None:
    """`aisbench`."""
    run(group, "aisbench")


def load_main() -> None:
    """`aisbench-load`, which is `aisbench load`."""
    from aisbench.cli.load import load

    run(load, "aisbench-load")


def ais_bench_main() -> None:
    """`ais_bench`."""
    from aisbench.cli.accuracy.ais_bench import ais_bench

    run(ais_bench, "ais_bench")
