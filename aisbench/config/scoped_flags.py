"""Flags that stand for an option with some data sets alone, as `vllm bench serve` has them."""

from __future__ import annotations

from dataclasses import dataclass

from aisbench.options.option import declared, parameter_name
from aisbench.workload.dataset_options import DatasetOptions


@dataclass(frozen=True)
class Scoped:
    """A flag that stands for the option `field` with the data sets `of`, and means nothing with others.

    The general flag (--input-len, --output-len, ...) counts before it, as in vLLM.
    """

    flag: str
    field: str
    of: tuple[str, ...]

    @property
    def name(self) -> str:
        return parameter_name(self.flag)


def scoped_flags() -> tuple[Scoped, ...]:
    found = []
    for one in declared(DatasetOptions):
        if one.option.only_with:
            found.append(Scoped(one.option.flag, one.name, one.option.only_with))
        found += [Scoped(flag, one.name, datasets) for flag, datasets in one.option.scoped.items()]
    return tuple(found)


SCOPED = scoped_flags()
