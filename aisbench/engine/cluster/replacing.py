"""Starts a node for what a lost one had left to send (--reissue), on the host of another, while the run goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from aisbench.engine.cluster.member import Member, NodeLost, Remote
from aisbench.engine.cluster.messages import About
from aisbench.engine.cluster.upload import upload
from aisbench.engine.crew.crew import Share
from aisbench.errors import CannotRun
from aisbench.records.folder import RunDirectory

# Starts node RANK on the host of another: spawn(RANK, OTHER).
Spawn = Callable[[int, int], tuple[Remote, About]]
_READY_PATIENCE_S, _POLL_S = 60.0, 0.05


class Replacing:
    """Replaces lost nodes in threads, as starting one takes seconds."""

    def __init__(self, spawn: Spawn, directory: RunDirectory, grace_s: float) -> None:
        self._spawn = spawn
        self._directory = directory
        self._grace_s = grace_s
        # The prepared files of the run, once they are known.
        self.files: Sequence[Path] = ()
        self._threads: list[threading.Thread] = []
        self._ready: list[Member] = []
        self._count = 0

    def begin(self, lost: Member, beside: Member, members: Sequence[Member]) -> None:
        """Begins to replace `lost` by a node on the host of `beside`; its workers get new numbers after all others."""
        rank = len(members) + self._count
        first = sum(member.workers for member in members) + self._count * lost.workers
        self._count += 1
        # What it had taken when it was last heard of is lost. What it took since is sent twice.
        share = replace(lost.share, begun=lost.taken, in_flight=lost.limit)
        lost.replaced = True
        thread = threading.Thread(target=self._replace, args=(lost, beside, rank, first, share), daemon=True)
        self._threads.append(thread)
        thread.start()

    @property
    def busy(self) -> bool:
        """Whether a node is on its way."""
        return bool(self._ready) or any(thread.is_alive() for thread in self._threads)

    def ready(self) -> list[Member]:
        """The nodes that can begin, each once."""
        found = []
        while self._ready:
            found.append(self._ready.pop(0))
            self._count -= 1
        return found

    def end(self) -> list[Member]:
        """Waits for the nodes on their way, and returns them."""
        for thread in self._threads:
            thread.join()
        return self.ready()

    def _replace(self, lost: Member, beside: Member, rank: int, first: int, share: Share) -> None:
        try:
            remote, about = self._spawn(rank, beside.rank)
            specs = [replace(spec, warmup=0) for spec in lost.specs]
            member = Member(rank, remote, about, specs, first, share)
            upload([member], self.files)
            remote.ask("start", specs, share, first, self._directory.facts, self._grace_s)
            give_up_s = time.monotonic() + _READY_PATIENCE_S
            while time.monotonic() < give_up_s:
                member.status = remote.ask("status", False)
                if member.live()["ready"].all():
                    self._ready.append(member)
                    return
                time.sleep(_POLL_S)
        except (NodeLost, CannotRun, OSError):
            pass
        # Then its requests stay unsent, as without --reissue.
        lost.replaced = False
