"""The one exception that reaches the user as a single line (exit code 2)."""


class BadInput(ValueError):
    """Something the user gave cannot be used.

    The message names the flag or field, says what was wrong with it and what would work.
    The command line prints it alone, without a traceback, and exits with 2.
    """
