"""Takes workloads from the cache, and keeps those that took long to make."""

from __future__ import annotations

import json
import mmap
import time
from collections.abc import Callable
from pathlib import Path

from aisbench._native.memory.bodies import BodyFile
from aisbench.masking.fields import field_secrets
from aisbench.masking.masking import in_bodies, known
from aisbench.workload.bodies import without_secrets
from aisbench.workload.build import Progress, Workload, build_workload
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prepared.cache import WorkloadCache
from aisbench.workload.prepared.entry import fits
from aisbench.workload.prepared.key import key_of
from aisbench.workload.recipe import Recipe

# Making a smaller one again costs less than the room that it would take.
LEAST_S = 1.0


class CachedWorkloads:
    """A `build.Build`. `say` gets a line when a workload comes from the cache."""

    def __init__(self, cache: WorkloadCache, say: Callable[[str], None]) -> None:
        self._cache = cache
        self._say = say

    def __call__(self, recipe: Recipe, directory: Path, progress: Progress | None = None) -> Workload:
        key = None if _gives_secrets(recipe.options) else key_of(recipe)
        if key is not None and (found := self._cache.read(key, directory)) is not None:
            self._say("the prompts were kept from an earlier run; --no-workload-cache makes them again")
            return found
        began = time.monotonic()
        workload = build_workload(recipe, directory, progress)
        # The files that it was made from may have changed meanwhile.
        if (
            key is not None
            and time.monotonic() - began >= LEAST_S
            and key == key_of(recipe)
            and fits(workload)
            and not _holds_secrets(workload, from_file=recipe.options.dataset_path is not None)
        ):
            self._cache.add(key, workload)
        return workload


def _gives_secrets(options: WorkloadOptions) -> bool:
    return bool(in_bodies or field_secrets(options.extra_body) or field_secrets(options.chat_template_kwargs))


def _holds_secrets(workload: Workload, *, from_file: bool) -> bool:
    """Whether a body holds a known secret, or has a field with the name of one, which only a file's bodies have."""
    path = workload.bodies.path
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for secret in known:
            for text in {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}:
                if content.find(text.encode("utf-8", "surrogatepass")) >= 0:
                    return True
    if not from_file:
        return False
    bodies = BodyFile(str(path))
    return any(without_secrets(body) != body for body in (bodies[i] for i in range(workload.bodies.count)))
