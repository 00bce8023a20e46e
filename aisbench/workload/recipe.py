"""All that decides what a workload is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.workload.options import WorkloadOptions

Through = Callable[[Iterator[Prompt]], Iterator[Prompt]]


@dataclass(frozen=True)
class Recipe:
    """Workloads of equal recipes are equal, unless `through` is given or a file that one of the options names has changed.

    `stream`: whether the bodies ask for a stream. `warm_up`: number of bodies wanted for requests before the run; there
    may be fewer. `through` changes the prompts before they are encoded, and may ask a server how.
    """

    options: WorkloadOptions
    backend: Backend
    stream: bool = True
    warm_up: int = 0
    through: Through | None = None
