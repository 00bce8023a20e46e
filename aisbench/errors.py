"""The exceptions that reach the user as a single line."""


class BadInput(ValueError):
    """Something the user gave cannot be used.

    The message names the flag or field, and says what is wrong with it and what would work.
    The command line prints it alone, without a traceback, and exits with 2.
    """


class CannotRun(Exception):
    """Something other than the user's input prevents the run, such as a full disk or a child that does not start.

    The message says what happened and what would help. The command line prints it alone, and exits with 1.
    """
