"""The exit codes of all commands."""

from __future__ import annotations

DONE = 0
# The run failed, or no request succeeded.
RUN_FAILED = 1
# An option, a file or an argument cannot be used; nothing was run.
BAD_INPUT = 2
# With --strict: the verdict is "invalid".
VERDICT_INVALID = 3
# With --fail-on: a figure is beyond its bound.
GATE_BROKEN = 4
# Ctrl-C, SIGTERM or SIGHUP; the requests done so far are reported.
INTERRUPTED = 130
