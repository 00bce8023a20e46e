"""Names of harness tasks in --datasets.

`gsm8k,lm-eval:hellaswag,arc_easy` is one task of aisbench, then two of the harness.
"""

from __future__ import annotations

from collections.abc import Sequence

PREFIX = "lm-eval:"


def split_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tasks of aisbench, and those of the harness.

    From the first name with the prefix on, all names are the harness's. Each is listed once; the prefix alone gives "".
    """
    first = next((at for at, name in enumerate(names) if name.startswith(PREFIX)), len(names))
    theirs = (name.removeprefix(PREFIX).strip() for name in names[first:])
    return tuple(names[:first]), tuple(dict.fromkeys(theirs))
