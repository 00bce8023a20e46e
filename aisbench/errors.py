"""The exceptions that reach the user as a single line."""


class BadInput(ValueError):
    """Something the user gave cannot be used.

    The message names the flag or field, says what was wrong with it and what would work.
    The command line prints it alone, without a traceback, and exits with 2.
    """


class CannotRun(Exception):
    """Something other than what the user gave is in the way: no room on the disk, a child that does not start.

    The message says what happened and what would help. The command line prints it alone, and exits with 1.
    """
