"""Keeps what the harness reads of its own task files in the user's cache.

The harness parses all of its 14,000 files whenever it starts, which takes several seconds. All that it needs at that time
is the names that each file defines.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.config.cache import cached_file
from aisbench.studies.evaluation.harness.included import Included

_FILE = "lm-eval-tasks.json"
# What the harness files an entry by. The other keys are read again from the file when a task is loaded.
KEYS = ("class", "group", "task", "tag")

# By a file's path in the folder of tasks; None for a file that defines nothing.
_Known = dict[str, dict[str, Any] | None]


@contextlib.contextmanager
def quick_index() -> Iterator[None]:
    """Makes a TaskManager that is created within the block read the harness's own files from the cache.

    The cache is renewed when a file was added, removed or changed. Files outside the harness are read as always.
    """
    from lm_eval.tasks import _index, _yaml_loader

    from aisbench.studies.evaluation.harness.head_reader import HeadReader

    whole = _yaml_loader.load_yaml
    heads = Heads(Path(_index.__file__).parent, whole, HeadReader(KEYS))
    _index.load_yaml = heads.read
    _yaml_loader.load_yaml = Included(whole)
    try:
        with _no_garbage_sought():
            yield
    finally:
        _index.load_yaml = _yaml_loader.load_yaml = whole
    heads.keep()


@contextlib.contextmanager
def _no_garbage_sought() -> Iterator[None]:
    """Keeps Python from looking for garbage: among 14,000 entries that all stay, that takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Heads:
    """The heads of the task files in `folder`.

    `parse`: the harness's reader of a whole file. `parse_head`: reads at least KEYS; where it fails, `parse` is asked.
    """

    def __init__(
        self, folder: Path, parse: Callable[..., dict[str, Any]], parse_head: Callable[[Path], dict[str, Any]]
    ) -> None:
        self.folder = folder
        self.parse = parse
        self.parse_head = parse_head
        self._prefix = f"{folder}{os.sep}"
        self._stamp = _stamp_of(folder)
        self._known = _kept(self._stamp)
        self._new: _Known = {}

    def read(self, path: Path, **options: Any) -> dict[str, Any]:
        """What the harness files this one by. Raises an error, which the harness skips the file for, if that is nothing."""
        name = str(path)
        if not name.startswith(self._prefix):
            return self.parse(path, **options)
        inner = name.removeprefix(self._prefix)
        if self._known is None:
            self._new[inner] = None
            try:
                found = self.parse_head(path)
            # Whatever the YAML library raises for such contents.
            except Exception:
                found = self.parse(path, **options)
            head = {key: _shortened(key, found) for key in KEYS if key in found}
            self._new[inner] = head
            return head
        kept = self._known.get(inner)
        if kept is None:
            raise ValueError(f"{path} defines no task")
        return kept

    def keep(self) -> None:
        """Writes what was read from the files themselves. A cache that cannot be written only costs that time again."""
        if self._known is not None:
            return
        path = cached_file(_FILE)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(json.dumps({"stamp": self._stamp, "heads": self._new}, default=str), path)


def _shortened(key: str, found: dict[str, Any]) -> Any:
    """The value as the index needs it: of a class only that it is there, and nothing of the members of a group."""
    if key == "class":
        return True
    return None if key == "task" and "group" in found and "class" not in found else found[key]


def _stamp_of(folder: Path) -> str:
    """Changes with every file that an entry may come from, and so with the harness's version."""
    stamp = hashlib.sha256(str(folder).encode())
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_dir(follow_symlinks=False):
                    waiting += [entry.path] if entry.name != "__pycache__" else []
                else:
                    seen = entry.stat()
                    stamp.update(f"{entry.path}\0{seen.st_size}\0{seen.st_mtime_ns}\0".encode())
    return stamp.hexdigest()


def _kept(stamp: str) -> _Known | None:
    """The heads in the cache; None if there are none, or not those of these files."""
    try:
        found = json.loads(cached_file(_FILE).read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("stamp") != stamp or not isinstance(found.get("heads"), dict):
        return None
    heads: _Known = found["heads"]
    return heads
