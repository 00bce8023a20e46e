"""Parameter types of the command line, and the file that can hold its options."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from aisbench.cli.options.config_file import read_config_file
from aisbench.durations import seconds
from aisbench.workload.seeds import AUTO, LARGEST

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    # Not generic in older versions.
    ParamType = click.ParamType


class JsonObject(ParamType):
    """A JSON object, or one that a config file holds already."""

    name = "json"
    takes_list = True

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        if isinstance(value, Mapping):
            return dict(value)
        try:
            parsed = json.loads(value)
        except ValueError as problem:
            self.fail(
                # Bodies and headers may hold keys.
                f"not JSON ({problem}); give an object such as '{{\"top_k\": 1}}'",
                param,
                ctx,
            )
        if not isinstance(parsed, dict):
            self.fail("not a JSON object; give one such as '{\"top_k\": 1}'", param, ctx)
        return parsed


class Pairs(ParamType):
    """`NAME{mark}VALUE` pairs after one flag, separated by blanks or commas."""

    name = "pairs"
    takes_list = True

    many = True

    def __init__(self, mark: str, example: str, *, numbers: bool, known: tuple[str, ...] = ()) -> None:
        self.mark = mark
        self.example = example
        self.numbers = numbers
        self.known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        for name, given in self.split(value, param, ctx):
            if self.known and name not in self.known:
                self.fail(f"unknown name {name!r}; known: {', '.join(self.known)}", param, ctx)
            pairs[name] = self.number(given, param, ctx) if self.numbers else given
        return pairs

    def split(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Iterator[tuple[str, str]]:
        """A mapping, or a list of pairs, is how a config file says it."""
        if isinstance(value, Mapping):
            yield from ((str(name), str(given)) for name, given in value.items())
            return
        text = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        for part in text.replace(",", " ").split():
            name, mark, given = part.partition(self.mark)
            if not mark or not name or not given:
                self.fail(
                    f"{part!r} is not NAME{self.mark}VALUE; give for example {self.example}", param, ctx
                )
            yield name, given

    def number(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 < number < float("inf"):
            self.fail(f"{text!r} is not a number above 0; give for example {self.example}", param, ctx)
        return number


class Duration(ParamType):
    """Seconds, or a span with its unit."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return seconds(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a span of time; give seconds, or 30s, 5m, 1h30m, 500ms", param, ctx)


class Listed(ParamType):
    """Values after one flag, separated by commas or blanks. `many`: as arguments of their own, too."""

    name = "list"
    takes_list = True

    def __init__(self, kind: type, *, many: bool = False) -> None:
        self.kind = kind
        self.many = many

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        parts = value if isinstance(value, (list, tuple)) else str(value).replace(",", " ").split()
        try:
            return tuple(self.kind(part) for part in parts)
        except ValueError:
            self.fail(f"{value!r}: give {self.kind.__name__} values separated by commas", param, ctx)


class Seed(ParamType):
    """A whole number, or auto."""

    name = "seed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).strip()
        if text.lower() == "auto":
            return AUTO
        if not (text.isascii() and text.isdigit() and int(text) <= LARGEST):
            self.fail(f"must be auto or a whole number from 0 to {LARGEST}, got {text}", param, ctx)
        return int(text)


class HostPort(ParamType):
    """`[HOST:]PORT`, an address to listen on; this host alone unless HOST says otherwise."""

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not (port.isascii() and port.isdigit() and int(port) <= 65535):
            self.fail(
                f"{value!r} is not a port; give a number from 0 to 65535, or HOST:PORT such as 0.0.0.0:9100",
                param,
                ctx,
            )
        return host.strip("[]") or "127.0.0.1", int(port)


class Choice(ParamType):
    """One of a few words, which shell completion knows. `words` may be a function, for lists that are long to import.

    `open`: other words are let through, for the engine to judge.
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
            near = difflib.get_close_matches(text, self.words, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            self.fail(f"unknown {text!r}; {hint}known: {', '.join(self.words)}", param, ctx)
        return text

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


class Line(click.types.StringParamType):
    """A text that may hold blanks; in an environment variable several stand in lines of their own."""

    envvar_list_splitter = "\n"
    again = True


# A file that stands in for any of a command's options; read before they are.
CONFIG_OPTIONS = (
    click.option(
        "--config",
        "config",
        callback=read_config_file,
        is_eager=True,
        expose_value=False,
        metavar="FILE",
        help="YAML or TOML file with any of these options.",
    ),
)
