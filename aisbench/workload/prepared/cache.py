"""The folder of prepared workloads: a folder for each key, of which those used least recently are dropped.

Only one process at a time changes the folder, and none does while another copies from it: see _locked. An entry gets
its name when it is complete.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aisbench.workload.build import Workload
from aisbench.workload.prepared.entry import FACTS, read_entry, requests_in, write_entry

MOST_BYTES = 2_000_000_000
_LOCK = "lock"
# How long another process may keep the folder to itself before a run does without the cache.
_PATIENCE_S = 10.0
_TRY_EVERY_S = 0.02
# An entry leaves at least this many times its size on the disk, so that the cache does not fill it.
_SPARE = 4


@dataclass(frozen=True)
class Entry:
    """`used_s`: when it was last used, in seconds since 1970. `bytes`: its size on the disk."""

    key: str
    dataset: str
    requests: int
    bytes: int
    used_s: float


class WorkloadCache:
    """`folder` is made when it is needed. `most_bytes`: the size of all entries together.

    Reading and adding never fail: without the cache, a workload is made as it would be anyway.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.most_bytes = most_bytes

    def read(self, key: str, directory: Path) -> Workload | None:
        """Puts the files of a workload into `directory`; None if there is no entry that can be relied on."""
        place = self.folder / key
        if not place.is_dir():
            return None
        try:
            with self._locked(fcntl.LOCK_SH):
                found = read_entry(place, directory)
        except TimeoutError:
            return None
        except (OSError, ValueError, LookupError, TypeError):
            found = None
        if found is not None:
            with contextlib.suppress(OSError):
                os.utime(place / FACTS)
            return found
        with contextlib.suppress(OSError), self._locked(fcntl.LOCK_EX):
            shutil.rmtree(place, ignore_errors=True)
        return None

    def add(self, key: str, workload: Workload) -> None:
        """Keeps a workload, unless there is no room for it."""
        with contextlib.suppress(OSError):
            size = workload.bodies.path.stat().st_size
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if size > self.most_bytes or _SPARE * size > shutil.disk_usage(self.folder).free:
                return
            part = self.folder / f"{key}.part"
            with self._locked(fcntl.LOCK_EX):
                try:
                    self._drop_parts()
                    part.mkdir(mode=0o700)
                    write_entry(workload, part)
                    shutil.rmtree(self.folder / key, ignore_errors=True)
                    part.rename(self.folder / key)
                finally:
                    shutil.rmtree(part, ignore_errors=True)
                self._drop_oldest()

    def entries(self) -> list[Entry]:
        """All entries, the one used last first; a damaged one has no data set and no requests."""
        found = [self._entry(place) for place in self._places()]
        return sorted((one for one in found if one is not None), key=lambda one: -one.used_s)

    def clear(self) -> list[Entry]:
        """Deletes all entries, and returns them. Raises OSError if that fails."""
        if not self.folder.is_dir():
            return []
        with self._locked(fcntl.LOCK_EX):
            gone = self.entries()
            self._drop_parts()
            for place in self._places():
                shutil.rmtree(place)
        return gone

    def _places(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [path for path in self.folder.iterdir() if path.is_dir() and path.suffix != ".part"]

    def _entry(self, place: Path) -> Entry | None:
        """None if another process has just deleted it."""
        dataset, requests = "damaged", 0
        with contextlib.suppress(OSError, ValueError):
            dataset, requests = requests_in(place)
        try:
            size = sum(path.stat().st_size for path in place.iterdir())
            facts = place / FACTS
            used_s = (facts if facts.exists() else place).stat().st_mtime
        except OSError:
            return None
        return Entry(place.name, dataset, requests, size, used_s)

    def _drop_parts(self) -> None:
        """Deletes what processes left that were killed while they added an entry."""
        for part in self.folder.glob("*.part"):
            shutil.rmtree(part, ignore_errors=True)

    def _drop_oldest(self) -> None:
        left = self.most_bytes
        for entry in self.entries():
            left -= entry.bytes
            if left < 0:
                shutil.rmtree(self.folder / entry.key, ignore_errors=True)

    @contextlib.contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Within the block, others may read (LOCK_SH) or do nothing (LOCK_EX). The kernel ends a lock with its process.

        Raises TimeoutError, an OSError, if another process does not give up the folder.
        """
        fd = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            give_up = time.monotonic() + _PATIENCE_S
            while True:
                try:
                    fcntl.flock(fd, kind | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > give_up:
                        raise TimeoutError(f"another process keeps {self.folder} to itself") from None
                    time.sleep(_TRY_EVERY_S)
            yield
        finally:
            os.close(fd)
