"""Hides secrets from the process list, which everyone on the host can read."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from aisbench.masking.masking import masked_command

# Fields of /proc/self/stat after the process name: start and end of the memory that holds the arguments.
_ARG_START, _ARG_END = 45, 46


def hide_secrets(args: list[str]) -> None:
    """Overwrites the secrets among the command line's arguments `args` in this process's memory."""
    hidden = {
        os.fsencode(arg): os.fsencode(masked)
        for arg, masked in zip(args, masked_command(args), strict=True)
        if arg != masked
    }
    if not hidden:
        return
    import ctypes

    with contextlib.suppress(OSError, ValueError, IndexError):
        stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(stat[_ARG_START]), int(stat[_ARG_END])
        line = Path("/proc/self/cmdline").read_bytes()
        if start == 0 or len(line) != end - start:
            return
        at = start
        for arg in line.split(b"\0"):
            if arg in hidden:
                # The length must stay the same, because the arguments follow each other in memory.
                ctypes.memmove(at, hidden[arg][: len(arg)].ljust(len(arg), b"*"), len(arg))
            at += len(arg) + 1
