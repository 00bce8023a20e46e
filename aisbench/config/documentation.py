"""Writes docs/options.md from the declarations: `python -m aisbench.config.documentation > docs/options.md`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from aisbench.config.foreign.vllm_flags import VllmFlags
from aisbench.config.run_config import RunConfig
from aisbench.options.checks import MustBe
from aisbench.options.option import JSON, SPAN, Declared, ListOf, PairsOf, declared
from aisbench.options.plain import plain_value

HEAD = """# Options of a run

Every option of `aisbench-load`. `aisbench plan` and `aisbench workload export` take all of them, and
`aisbench saturate` takes those that a search does not set itself. `aisbench sweep` takes all but those of result files, and any
can be an axis of its grid. [configuration.md](configuration.md) shows how to set options in a file or in the environment.

This page is generated from the declarations in `aisbench/config` and `aisbench/workload`. After changing one, generate
it again:

```sh
python -m aisbench.config.documentation > docs/options.md
```

The last column lists the flags of `vllm bench serve` that set an option. A flag with data sets in parentheses works
with these only, and the general flag overrides it.
"""
_COLUMNS = ("Option", "Value", "Default", "Meaning", "vLLM's flags")


def page() -> str:
    shown = [one for one in (*declared(RunConfig), *declared(VllmFlags)) if not one.option.hidden]
    # Grouped by section, in the order in which the sections first appear.
    titles = list(dict.fromkeys(one.option.section for one in shown))
    shown.sort(key=lambda one: titles.index(one.option.section))
    parts = [
        f"## {title}\n\n" + "\n".join(table(list(group)))
        for title, group in groupby(shown, key=lambda one: one.option.section)
    ]
    return "\n".join([HEAD, *(f"{part}\n" for part in parts)])


def table(options: list[Declared]) -> Iterator[str]:
    yield _row(*_COLUMNS)
    yield _row(*("---" for _ in _COLUMNS))
    for one in options:
        yield _row(flags(one), value(one), default(one), one.option.help, _theirs(one))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def flags(one: Declared) -> str:
    forms = [form for flag in one.option.flags for form in flag.split("/")]
    return ", ".join(f"`{form}`" for form in forms)


def value(one: Declared) -> str:
    """The accepted values, in words."""
    entry = one.option
    if isinstance(entry.words, tuple) and entry.words:
        return ", ".join(f"`{word}`" for word in entry.words)
    if one.base == "bool":
        return ""
    if isinstance(entry.kind, PairsOf):
        return f"pairs such as `{entry.kind.example}`"
    if isinstance(entry.check, MustBe):
        found = entry.check.wanted
    elif entry.kind is JSON:
        found = "a JSON object"
    else:
        found = (
            f"`{entry.metavar}`"
            if entry.metavar
            else {"int": "a whole number", "float": "a number"}.get(one.base, "text")
        )
    if entry.kind is SPAN:
        found += ", or a span such as `5m`"
    if isinstance(entry.kind, ListOf) and not found.startswith("`"):
        found += ", separated by commas"
    return found


def default(one: Declared) -> str:
    """The default as it would be typed; empty if there is none."""
    found = one.default if one.option.shown_default is None else one.option.shown_default
    if found is None or found is False or found in ((), {}):
        return ""
    if found is True:
        return f"`{one.option.flag}`"
    if isinstance(found, tuple):
        return f"`{','.join(str(item) for item in found)}`"
    return f"`{plain_value(found)}`"


def _theirs(one: Declared) -> str:
    only = f" ({', '.join(one.option.only_with)})" if one.option.only_with else ""
    own = [f"`{flag}`{only}" for flag in one.option.vllm]
    return ", ".join([*own, *(f"`{flag}` ({', '.join(of)})" for flag, of in one.option.scoped.items())])


if __name__ == "__main__":
    print(page(), end="")
