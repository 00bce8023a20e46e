"""Click's parameter types for our options. aisbench.options.values reads their texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from aisbench.options import checks, values
from aisbench.options.option import ListOf, PairsOf
from aisbench.workload.seeds import seed_of

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    # Older versions of click have no generic ParamType.
    ParamType = click.ParamType


class _Read(ParamType):
    """A value that a function reads; its ValueError becomes the message.

    `takes_list`: a list in a config file is one value. `many`: all the arguments after the flag belong to it.
    """

    takes_list = False
    many = False

    def __init__(self, read: Callable[[Any], Any], name: str) -> None:
        self.read = read
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.read(value)
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


class Duration(_Read):
    """Seconds, or a span with its unit."""

    def __init__(self) -> None:
        super().__init__(values.span_s, "duration")


class JsonObject(_Read):
    """A JSON object."""

    takes_list = True

    def __init__(self) -> None:
        super().__init__(values.json_object, "json")


class Pairs(_Read):
    """NAME{mark}VALUE pairs after one flag."""

    takes_list = True
    many = True

    def __init__(self, kind: PairsOf) -> None:
        super().__init__(lambda value: values.pairs(value, kind), "pairs")


class Listed(_Read):
    """Values after one flag."""

    takes_list = True

    def __init__(self, kind: ListOf) -> None:
        super().__init__(lambda value: values.listed(value, kind), "list")
        self.many = kind.many


class Seed(_Read):
    """A whole number, or auto."""

    def __init__(self) -> None:
        super().__init__(seed_of, "seed")


class HostPort(_Read):
    """`[HOST:]PORT`, an address to listen on."""

    def __init__(self) -> None:
        super().__init__(values.host_port, "address")


class Choice(ParamType):
    """One of a few words, which shell completion offers. `words` may be a function, for lists that are slow to import.

    `open`: other words are accepted too, and checked later.
    """

    name = "choice"

    def __init__(self, words: Sequence[str] | Callable[[], Iterable[str]], *, open: bool = False) -> None:
        self.given = words
        self.open = open

    @property
    def words(self) -> list[str]:
        return list(self.given() if callable(self.given) else self.given)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "NAME" if callable(self.given) else f"[{'|'.join(self.given)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not self.open and text not in self.words:
            self.fail(checks.unknown(text, self.words), param, ctx)
        return text

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


class Line(click.types.StringParamType):
    """A text that may contain blanks. An environment variable can hold several, one per line."""

    envvar_list_splitter = "\n"
    again = True
