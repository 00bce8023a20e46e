"""Finds what other installed packages add, by their entry points. Nothing of them is imported before it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from aisbench.errors import BadInput

BACKENDS, DATASETS = "aisbench.backends", "aisbench.datasets"

if TYPE_CHECKING:
    from importlib import metadata

Kind = TypeVar("Kind")


def names(group: str) -> list[str]:
    """The names that installed packages give their entry points of a group."""
    # Takes 20 ms, which every worker would need.
    from importlib import metadata

    return sorted({entry.name for entry in metadata.entry_points(group=group)})


def plugin(group: str, name: str, kind: type[Kind], flag: str) -> Kind | None:
    """What a package offers under a name; None: no package does.

    Raises BadInput, which begins with `flag` and names the plugin, if it cannot be imported, is not a `kind`, or if two
    packages use the name.
    """
    from importlib import metadata

    entries = list({entry.value: entry for entry in metadata.entry_points(group=group, name=name)}.values())
    if not entries:
        return None
    if len(entries) > 1:
        both = " and ".join(_named(entry) for entry in entries)
        raise BadInput(f"{flag} {name} is the name of {len(entries)} plugins, {both}; uninstall all but one")
    (entry,) = entries
    try:
        found = entry.load()
    # A plugin may raise anything while it is imported.
    except Exception as problem:
        said = " ".join(str(problem).split())
        raise BadInput(
            f"{flag} {name}: the plugin {_named(entry)} cannot be loaded: {type(problem).__name__}: {said}; "
            "mend or uninstall it"
        ) from problem
    if not isinstance(found, kind):
        raise BadInput(
            f"{flag} {name}: the plugin {_named(entry)} is of type {type(found).__name__}; its entry point must name one of "
            f"{kind.__module__}.{kind.__name__}"
        )
    return found


def _named(entry: metadata.EntryPoint) -> str:
    return entry.value if entry.dist is None else f"{entry.value} of {entry.dist.name} {entry.dist.version}"
