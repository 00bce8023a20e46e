"""Makes each distinct workload once for several runs, which then share the files of its bodies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aisbench.backends.backend import Backend
from aisbench.masking.masking import in_bodies
from aisbench.workload.build import QUESTIONS, Build, Progress, Through, Workload, build_workload
from aisbench.workload.options import WorkloadOptions

_FILES = ("bodies.bin", "prompt_tokens.npy", "max_tokens.npy", QUESTIONS)
# Workloads that are remembered: as many as a study goes through before it comes back to the first.
_MOST = 32


@dataclass(frozen=True)
class _Made:
    options: WorkloadOptions
    backend: Backend
    stream: bool
    warm_up: int
    workload: Workload

    def files(self) -> Iterator[Path]:
        folder = self.workload.bodies.path.parent
        return (folder / name for name in _FILES if name != QUESTIONS or self.workload.prompts.questions)


class KeptWorkloads:
    """A `build.Build`. Equal options give the files of the earlier workload again, as links where the disk can.

    `build` makes the others; None: build_workload.
    """

    def __init__(self, build: Build | None = None) -> None:
        self._build = build or build_workload
        self._made: list[_Made] = []

    def __call__(
        self,
        options: WorkloadOptions,
        backend: Backend,
        directory: Path,
        *,
        stream: bool = True,
        warm_up: int = 0,
        through: Through | None = None,
        progress: Progress | None = None,
    ) -> Workload:
        asked = (options, backend, stream, warm_up)
        for made in self._made if through is None else ():
            if (made.options, made.backend, made.stream, made.warm_up) == asked and _shared(made, directory):
                return made.workload
        workload = self._build(
            options,
            backend,
            directory,
            stream=stream,
            warm_up=warm_up,
            through=through,
            progress=progress,
        )
        # A run draws its arrivals from the generator that the prompts left, so that one cannot be used twice.
        # Bodies with secrets are blanked after their run.
        if through is None and workload.prompts.legacy_random is None and not in_bodies:
            self._made = [*self._made[1 - _MOST :], _Made(*asked, workload)]
        return workload


def _shared(made: _Made, directory: Path) -> bool:
    """Puts the files of `made` into `directory`; False if they are gone."""
    files = list(made.files())
    if not all(file.exists() for file in files):
        return False
    for file in files:
        try:
            os.link(file, directory / file.name)
        except OSError:
            shutil.copyfile(file, directory / file.name)
    return True
