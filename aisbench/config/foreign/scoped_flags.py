"""Flags of `vllm bench serve` that set an option with some data sets only, such as --random-input-len."""

from __future__ import annotations

from dataclasses import dataclass

from aisbench.options.option import declared, parameter_name
from aisbench.workload.dataset_options import DatasetOptions


@dataclass(frozen=True)
class _Scoped:
    """A flag that sets the option `field` with the data sets `of`, and has no effect with others.

    The general flag (--input-len, --output-len, ...) overrides it, as in vLLM.
    """

    flag: str
    field: str
    of: tuple[str, ...]

    @property
    def name(self) -> str:
        return parameter_name(self.flag)


def _scoped_flags() -> tuple[_Scoped, ...]:
    found = []
    for one in declared(DatasetOptions):
        if one.option.only_with:
            found.append(_Scoped(one.option.flag, one.name, one.option.only_with))
        found += [_Scoped(flag, one.name, datasets) for flag, datasets in one.option.scoped.items()]
    return tuple(found)


SCOPED = _scoped_flags()
