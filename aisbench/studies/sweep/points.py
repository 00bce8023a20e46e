"""The points of a grid, and the configuration of each run."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.masking.masking import masked_option
from aisbench.options.plain import plain_value
from aisbench.studies.sweep.grid import Axis

# Options that set the load. A curve joins the points that differ in these alone.
LOAD = ("concurrency", "rate")
# Axes whose values do not change the prompts that a point gets.
_SAME_PROMPTS = ("url", "seed")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Point:
    """`axes`: the value of each axis, as text without secrets, by the name of its option (with underscores)."""

    axes: Mapping[str, str]
    config: RunConfig

    @property
    def name(self) -> str:
        return name_of(self.axes)

    @property
    def folder(self) -> str:
        """The name of the folder with its runs."""
        plain = re.sub(r"[^\w.=+-]+", "_", self.name)
        if plain == self.name.replace(" ", "_") and len(plain) <= _LONGEST_NAME:
            return plain
        return f"{plain[:_LONGEST_NAME]}_{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, without secrets."""
        # RunConfig.as_dict has the rate inf for none, which would make a trace ignore its own times.
        config = {**self.config.as_dict(), "rate": plain_value(self.config.rate)}
        return {"axes": dict(self.axes), "config": json.loads(json.dumps(config))}

    @staticmethod
    def from_dict(plain: Mapping[str, Any], api_key: str | None) -> Point:
        return Point(dict(plain["axes"]), RunConfig.from_dict({**plain["config"], "api_key": api_key}))

    def config_of(self, repetition: int) -> RunConfig:
        """The configuration of one of its runs, counted from 0.

        Every run gets prompts of its own, because the server may have cached those of an earlier run. Where that cannot
        happen, or where prompts come from a file, all points of a repetition get the same ones, which are then made
        once. The seed depends on the point alone, not on its place in the grid.
        """
        config, own = self.config, 0
        if not config.reset_prefix_cache and config.dataset_path is None:
            axes = {name: text for name, text in sorted(self.axes.items()) if name not in _SAME_PROMPTS}
            own = zlib.crc32(name_of(axes).encode())
        return replace(config, seed=(config.seed + own + repetition) % (1 << 32))


def name_of(axes: Mapping[str, str]) -> str:
    return " ".join(f"{name}={text}" for name, text in axes.items())


def without_secrets(axes: Mapping[str, str]) -> dict[str, str]:
    """`axes` with credentials in URLs masked."""
    return {name: str(masked_option(name, text)) for name, text in axes.items()}


def curve_of(axes: Mapping[str, str]) -> str:
    """The name of the curve that a point belongs to: its axes without those that set the load."""
    return name_of({name: text for name, text in axes.items() if name not in LOAD})


def load_of(axes: Mapping[str, str]) -> str:
    """The axes of a point that set the load; its whole name if there are none."""
    return name_of({name: text for name, text in axes.items() if name in LOAD}) or name_of(axes)


def combinations(axes: Sequence[Axis]) -> Iterator[dict[str, str]]:
    """Every combination of values by the axes' names: the last axis changes first, as in nested loops."""
    names = [axis.name for axis in axes]
    for values in itertools.product(*(axis.values for axis in axes)):
        yield dict(zip(names, values, strict=True))


def check_distinct(points: Sequence[Point]) -> None:
    """Raises BadInput if an axis has no effect, so that two points would be the same run, or if names are the same."""
    seen: dict[str, Point] = {}
    names = [point.name for point in points]
    if len(set(names)) < len(names):
        raise BadInput(
            "--grid: two values differ only in a secret, which names and files do not show; give one of them"
        )
    for point in points:
        same = seen.setdefault(json.dumps(point.as_dict()["config"], sort_keys=True), point)
        if same is not point:
            other = [f"{name}={text}" for name, text in point.axes.items() if same.axes[name] != text]
            raise BadInput(
                f"--grid: {' '.join(other)} changes nothing, so that {point.name} would be the same run as {same.name}; "
                "leave this value out, or the option that overrides it"
            )
