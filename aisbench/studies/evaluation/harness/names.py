"""Names of harness tasks in --datasets: `gsm8k,lm-eval:hellaswag,arc_easy` is one own task, then two of the harness."""

from __future__ import annotations

from collections.abc import Sequence

PREFIX = "lm-eval:"


def split_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Own tasks, and those of the harness: every name from the first with the prefix on, each once; "" is the prefix alone."""
    first = next((at for at, name in enumerate(names) if name.startswith(PREFIX)), len(names))
    theirs = (name.removeprefix(PREFIX).strip() for name in names[first:])
    return tuple(names[:first]), tuple(dict.fromkeys(theirs))
