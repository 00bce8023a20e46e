"""One node's part of a run: an ordinary crew of workers, told what to do by calls from the head.

Nothing here knows how the calls come. The node looks after its workers itself, so a slow call delays no request. If the
head has not called for long, the node ends its part, writes its records and leaves its folder, which is then a run folder
of its own.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import aisbench
from aisbench._native.os.clock import now_ns
from aisbench.engine.cluster.messages import About, Status
from aisbench.engine.crew.crew import Share
from aisbench.engine.crew.local import LocalCrew
from aisbench.engine.crew.warm_up_files import remove_warm_ups
from aisbench.engine.crew.worker_spec import WorkerSpec
from aisbench.engine.limits import cpus, raise_open_files
from aisbench.masking.masking import in_bodies, remember
from aisbench.records.folder import RunDirectory
from aisbench.records.turns import NAME as TURNS
from aisbench.workload.bodies import blank_secrets

# The head looks ten times a second. It may stand still for a moment, or the network may.
SILENCE_S = 20.0


class Node:
    """The part of node `rank` in the run `name`. `place`: the folder for its files; None: the system's temporary folder.

    All methods may be called from any thread. The folder is made when the first file comes.
    """

    def __init__(self, name: str, rank: int, place: str | None, silence_s: float = SILENCE_S) -> None:
        self.rank = rank
        self.folder = Path(place or tempfile.gettempdir()) / f"{name}-node-{rank}"
        self.records = self.folder / "records"
        self.silence_s = silence_s
        self.lock = threading.Lock()
        self.heard_s = time.monotonic()
        self.crew: LocalCrew | None = None
        self.lines: list[str] = []
        self.sent_files: dict[str, tuple[int, int]] = {}
        self.ended: dict[str, Any] | None = None
        self.grace_s = 0.0
        # Set once the node has ended its part without the head.
        self.orphaned = threading.Event()
        self.over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def about(self) -> About:
        self.heard_s = time.monotonic()
        return About(
            aisbench.__version__,
            platform.python_version(),
            socket.gethostname(),
            _own_address(),
            platform.release(),
            cpus(),
            os.getpid(),
            str(self.folder.absolute()),
        )

    def now_ns(self) -> int:
        """CLOCK_MONOTONIC of this node."""
        return now_ns()

    def open_files(self, connections: int | None, workers: int) -> int:
        """As limits.raise_open_files."""
        return raise_open_files(connections, workers)

    def put(self, name: str, content: bytes) -> None:
        """Appends `content` to a file of the records."""
        self.heard_s = time.monotonic()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.records, self.folder / "logs"):
            folder.mkdir(exist_ok=True)
        path = self.records / name
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)

    def start(
        self, specs: list[WorkerSpec], share: Share, first: int, facts: dict[str, Any], grace_s: float
    ) -> None:
        """Starts the workers: `specs` as for one host, with the places of this one's files, and `first` their number.

        `facts`: what run.json says before the run. `grace_s`: as --grace. Raises OSError if the disk is full.
        """
        remember(specs[0].secrets)
        self.grace_s = grace_s
        self.directory = RunDirectory(self.folder)
        self.directory.write(**facts)
        turns = self.records / TURNS
        specs = [
            replace(
                spec,
                worker=worker,
                workers=len(specs),
                records=str(self.records),
                block=str(self.records / Path(spec.block).name),
                bodies=str(self.records / "bodies.bin"),
                conversations=str(turns) if turns.exists() else None,
            )
            for worker, spec in enumerate(specs)
        ]
        with self.lock:
            crew = LocalCrew(specs, share, self.folder, self.lines.append, first=first)
            crew.start()
            self.crew = crew

    def status(self, with_files: bool) -> Status:
        """How the part goes. `with_files`: send what has changed of histograms and samples of failures as well."""
        self.heard_s = time.monotonic()
        with self.lock:
            crew = self._crew
            said, self.lines[:] = list(self.lines), []
            live = crew.live()
            return Status(
                live.tobytes(),
                crew.running,
                crew.dead,
                crew.no_room is not None,
                crew.done_with(live),
                crew.slots.free if crew.slots is not None else None,
                said,
                self._changed() if with_files else {},
            )

    def begin(self, start_ns: int, deadline_ns: int) -> int:
        """Sets the common start, by this node's clock. Returns what the clock shows."""
        with self.lock:
            self._crew.begin_at(start_ns, deadline_ns)
        self.directory.write(start_ns=start_ns)
        return now_ns()

    def stop(self, level: int) -> None:
        with self.lock:
            self._crew.stop(level)

    def take(self, most: int) -> int:
        """Takes up to `most` free in-flight slots out of this node's limit, and returns how many it got."""
        slots = self._crew.slots
        assert slots is not None
        with self.lock:
            return next((taken for taken in range(most) if not slots.take()), most)

    def give(self, count: int, limit: int) -> None:
        """Adds `count` in-flight slots, which make `limit` together with those that the node has."""
        with self.lock:
            slots, share = self._crew.slots, self._crew.share
            assert slots is not None
            for _ in range(count):
                slots.put()
            self._crew.block.widen(min(-(-limit // len(self._crew.specs)), share.most_each))

    def end(self) -> dict[str, Any]:
        """Ends the workers, if need be by force, and returns what run.json keeps of them."""
        self.heard_s = time.monotonic()
        with self.lock:
            if self.ended is None:
                self.over.set()
                self._crew.end()
                self._blank()
                self.ended = self._crew.facts()
            return self.ended

    def files(self) -> list[tuple[str, int]]:
        """Name and size of each file that the workers wrote, relative to the folder."""
        self.heard_s = time.monotonic()
        kinds = (
            "records/rows",
            "records/hist",
            "records/flow",
            "records/tokens",
            "records/text",
            "records/errors",
            "logs/",
        )
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        named = [(str(path.relative_to(self.folder)), path.stat().st_size) for path in found]
        return [(name, size) for name, size in named if name.startswith(kinds)]

    def read(self, name: str, at: int, size: int) -> bytes:
        self.heard_s = time.monotonic()
        with (self.folder / name).open("rb") as file:
            file.seek(at)
            return file.read(size)

    def remove(self) -> None:
        """Deletes the node's folder, once the head has what it needs."""
        self.over.set()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _crew(self) -> LocalCrew:
        assert self.crew is not None
        return self.crew

    def _watch(self) -> None:
        """Looks after the workers until they have ended, and ends the part if the head is silent."""
        while not self.over.is_set():
            crew = self.crew
            if crew is None or not crew.running:
                self.over.wait(0.1)
            else:
                with self.lock:
                    crew.look()
                crew.wait()
            if time.monotonic() - self.heard_s > self.silence_s:
                self._end_alone()
                return

    def _end_alone(self) -> None:
        """Ends the part as a run of its own that failed, and leaves its folder."""
        if self.crew is not None:
            self._close_run(self.crew)
            print(
                f"aisbench: the head was lost; this node's records are in {self.folder}",
                file=sys.stderr,
                flush=True,
            )
        self.orphaned.set()

    def _close_run(self, crew: LocalCrew) -> None:
        ended_ns = now_ns()
        crew.stop(1)
        give_up_s = time.monotonic() + self.grace_s
        while crew.running and time.monotonic() < give_up_s:
            with self.lock:
                crew.look()
            crew.wait()
        crew.stop(2)
        facts = self.end()
        self.directory.write(
            outcome="failed",
            outcome_reason=f"the head of the cluster was lost, so this is the part of node {self.rank} alone",
            sending_ended_ns=ended_ns,
            end_ns=now_ns(),
            **facts,
        )

    def _blank(self) -> None:
        blank_secrets(self.records / "bodies.bin", in_bodies)
        remove_warm_ups(self.records)

    def _changed(self) -> dict[str, bytes]:
        """Small files of the records that have changed since the last call, by name, with the numbers of all workers."""
        first = self._crew.first
        found = {}
        for kind in ("hist-*.bin", "errors-*.jsonl"):
            for path in self.records.glob(kind):
                about = path.stat()
                # Mapped files change without a new time.
                state = (about.st_size, about.st_mtime_ns if path.suffix == ".jsonl" else now_ns())
                if self.sent_files.get(path.name) != state and about.st_size:
                    self.sent_files[path.name] = state
                    found[global_name(path.name, first)] = path.read_bytes()
        return found


def global_name(name: str, first: int) -> str:
    """The name of a worker's file in the run: `name` is its name on a node whose first worker has the number `first`."""
    stem, dot, suffix = name.rpartition(".")
    kind, dash, worker = stem.rpartition("-")
    return f"{kind}{dash}{int(worker) + first}{dot}{suffix}"


def _own_address() -> str:
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return ""
