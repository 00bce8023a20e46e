"""Makes each distinct workload once for several runs, which then share the files of its bodies."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from aisbench.masking.masking import in_bodies
from aisbench.workload.build import Build, Progress, Workload, build_workload
from aisbench.workload.recipe import Recipe

# Workloads that are remembered: as many as a study goes through before it comes back to the first.
_MOST = 32


@dataclass(frozen=True)
class _Made:
    recipe: Recipe
    workload: Workload


class KeptWorkloads:
    """A `build.Build`. Equal options give the files of the earlier workload again, as links where the disk can.

    `build` makes the others; None: build_workload.
    """

    def __init__(self, build: Build | None = None) -> None:
        self._build = build or build_workload
        self._made: list[_Made] = []

    def __call__(self, recipe: Recipe, directory: Path, progress: Progress | None = None) -> Workload:
        # What `through` does depends on a server.
        for made in self._made if recipe.through is None else ():
            if made.recipe == recipe and _shared(made.workload, directory):
                return made.workload
        workload = self._build(recipe, directory, progress)
        # A run draws its arrivals from the generator that the prompts left, so that one cannot be used twice.
        # Bodies with secrets are blanked after their run.
        if recipe.through is None and workload.prompts.legacy_random is None and not in_bodies:
            self._made = [*self._made[1 - _MOST :], _Made(recipe, workload)]
        return workload


def _shared(workload: Workload, directory: Path) -> bool:
    """Puts the files of `workload` into `directory`; False if they are gone."""
    files = workload.files
    if not all(file.exists() for file in files):
        return False
    for file in files:
        try:
            os.link(file, directory / file.name)
        except OSError:
            shutil.copyfile(file, directory / file.name)
    return True
