"""The workers of all nodes of a cluster, as one crew: the coordinator does not know that they are elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np

from aisbench._native.os.clock import now_ns
from aisbench.atomic import written_whole
from aisbench.engine.cluster.accounts import accounts
from aisbench.engine.cluster.clock import Sample, after_the_run, before_the_run
from aisbench.engine.cluster.collecting import collect
from aisbench.engine.cluster.member import Member, NodeLost
from aisbench.engine.cluster.rebalance import Room, given, unused
from aisbench.engine.cluster.replacing import Replacing, Spawn
from aisbench.engine.cluster.upload import prepared_files, upload
from aisbench.records.folder import RunDirectory

_POLL_S = 0.1
# How often histograms and samples of failures come for the live view, and how often clocks are compared.
_FILES_EVERY_S, _CLOCK_EVERY_S = 1.0, 2.0
# How often unused in-flight slots are looked for; docs/scale.md names it.
_BALANCE_EVERY_S = 0.5
# Nodes in the live view.
_MOST_SHOWN = 8
# Questions about each clock before and after the run; the one with the shortest round trip counts.
_QUESTIONS = 15
# From the last question to the common start: all nodes must hear of it before.
_START_DELAY_NS, _START_DELAY_EACH_NS = 200_000_000, 5_000_000


class ClusterCrew:
    """The workers of `members`, in a run whose folder is `directory`.

    `say(line)` gets a line about each loss. `shared`: the head may see the nodes' folders under their own paths. `spawn`: starts
    a node for what a lost one had left to send; None: nobody sends it.
    """

    def __init__(
        self,
        members: list[Member],
        directory: RunDirectory,
        *,
        grace_s: float,
        shared: bool,
        say: Callable[[str], None],
        spawn: Spawn | None = None,
    ) -> None:
        self.members = members
        self.directory = directory
        self.grace_s = grace_s
        self.shared = shared
        self.say = say
        self.level = 0
        self.started = False
        self.files_at = self.clock_at = self.balance_at = 0.0
        self.slots_moved = 0
        self.ends: dict[int, dict[str, Any]] = {}
        self.late_starts: list[str] = []
        self.replacing = None if spawn is None else Replacing(spawn, directory, grace_s)
        self.start_ns = self.sending_ns = 0

    # Starting

    def start(self) -> None:
        files = prepared_files(self.directory.records)
        if self.replacing is not None:
            self.replacing.files = files
        upload(self.members, files)
        facts = self.directory.facts
        calls = [
            member.remote.call("start", member.specs, member.share, member.first, facts, self.grace_s)
            for member in self.members
        ]
        self._await(self.members, calls)
        self.started = True

    def begin(self, sending_ns: int) -> int:
        here = [member for member in self.members if member.lost is None]
        for member in here:
            if samples := self._questions(member):
                member.clock = before_the_run(samples)
        start_ns = now_ns() + _START_DELAY_NS + len(here) * _START_DELAY_EACH_NS
        self.start_ns, self.sending_ns = start_ns, sending_ns
        calls = [member.begin(start_ns, sending_ns) for member in here]
        for member, heard_ns in zip(here, self._await(here, calls), strict=True):
            late_ns = 0 if heard_ns is None else heard_ns - member.clock.theirs_ns(start_ns)
            if late_ns > 0:
                self.late_starts.append(
                    f"{member.name} heard of the common start {late_ns / 1e6:.0f} ms after it, and began late"
                )
        return start_ns

    # Watching

    def live(self) -> np.ndarray:
        self._poll()
        return np.concatenate([member.live() for member in self.members])

    def done_with(self, live: np.ndarray) -> int:
        return sum(member.done for member in self.members)

    def stop(self, level: int) -> None:
        if level > self.level:
            self.level = level
            for member in self.members:
                if member.lost is None:
                    member.remote.call("stop", level)

    def look(self) -> None:
        self._poll()
        if self.replacing is not None:
            self._welcome(self.replacing.ready())
        now = time.monotonic()
        if now >= self.clock_at:
            self.clock_at = now + _CLOCK_EVERY_S
            for member in self.members:
                if member.running:
                    member.during += self._questions(member, 1)
        if now >= self.balance_at:
            self.balance_at = now + _BALANCE_EVERY_S
            self._balance()

    def wait(self) -> None:
        time.sleep(_POLL_S)

    @property
    def running(self) -> bool:
        return any(member.running for member in self.members) or (
            self.replacing is not None and self.replacing.busy
        )

    @property
    def dead(self) -> str | None:
        return next((member.dead for member in self.members if member.dead), None)

    @property
    def no_room(self) -> str | None:
        return next((member.dead for member in self.members if member.status.no_room), None)

    def _poll(self) -> None:
        """Takes the answers that have come, and asks the nodes again that have given theirs."""
        if not self.started:
            return
        now = time.monotonic()
        with_files = now >= self.files_at
        if with_files:
            self.files_at = now + _FILES_EVERY_S
        for member in self.members:
            if member.lost is not None:
                continue
            if member.asked is not None and member.asked.done():
                self._take_status(member)
            if member.asked is None and member.lost is None:
                member.asked = member.remote.call("status", with_files)

    def _take_status(self, member: Member) -> None:
        assert member.asked is not None
        try:
            member.status = member.asked.result()
        except NodeLost as problem:
            self._lose(member, problem)
        except OSError as problem:
            self._lose(member, f"its records cannot be read ({problem})")
        else:
            for line in member.status.lines:
                self.say(f"{member.name}: {line}")
            for name, content in member.status.files.items():
                # The live view may read it at any time.
                with written_whole(self.directory.records / name) as file:
                    file.write(content)
        member.asked = None

    def _lose(self, member: Member, why: object) -> None:
        if member.lost is None:
            member.lose(why)
            left = any(other.lost is None for other in self.members)
            self.say(f"{member.dead}{'; the others go on' if left else ''}")
            if self.replacing is not None and left and self.started and self.level == 0:
                beside = next(other for other in self.members if other.lost is None)
                self.replacing.begin(member, beside, self.members)

    def _welcome(self, replacements: list[Member]) -> None:
        """Begins the part of nodes that replace lost ones. Those who were to send before now are late."""
        for member in replacements:
            self.members.append(member)
            if samples := self._questions(member):
                member.clock = before_the_run(samples)
                self._result(member, member.begin(self.start_ns, self.sending_ns))
                if self.level:
                    self._result(member, member.remote.call("stop", self.level))
                self.say(f"{member.name} sends what was left of a lost node's part")

    def _balance(self) -> None:
        """Moves slots that some nodes do not use to those that could use more."""
        rooms = [
            Room(
                member.status.free or 0,
                member.running and member.status.free is not None and self.level == 0 and member.has_more,
            )
            for member in self.members
        ]
        for member, count in zip(self.members, unused(rooms), strict=True):
            if not count or member.lost is not None:
                continue
            taken = self._result(member, member.remote.call("take", count)) or 0
            if member.limit is not None:
                member.limit -= taken
            for other, part in zip(self.members, given(taken, rooms), strict=True):
                if part and other.limit is not None:
                    other.limit += part
                    self.slots_moved += part
                    self._result(other, other.remote.call("give", part, other.limit))

    def words(self) -> str:
        """How many nodes send and have in flight what, and which are lost."""
        told = [
            f"{member.rank}: {int(member.live()['in_flight'].sum())} in flight"
            if member.lost is None
            else f"{member.rank}: lost"
            for member in self.members[:_MOST_SHOWN]
        ]
        lost = sum(member.lost is not None for member in self.members[_MOST_SHOWN:])
        if len(self.members) > _MOST_SHOWN:
            told.append(f"and {len(self.members) - _MOST_SHOWN} more" + (f", {lost} lost" if lost else ""))
        return ", ".join(told)

    # Ending

    def end(self) -> None:
        if self.replacing is not None:
            self.members += self.replacing.end()
        for member in self.members:
            if member.lost is None and self.started:
                self._end(member)
        collect(self.members, self.directory, shared=self.shared)

    def _end(self, member: Member) -> None:
        found = self._result(member, member.remote.call("end"))
        if found is not None:
            self.ends[member.rank] = found
        after = self._questions(member)
        if after and member.clock.at_ns:
            member.clock = after_the_run(member.clock, member.during, after)

    def facts(self) -> dict[str, Any]:
        return {
            **accounts(self.members, self.ends),
            "slots_moved": self.slots_moved,
            "late_starts": self.late_starts,
        }

    # Calls

    def _questions(self, member: Member, count: int = _QUESTIONS) -> list[Sample]:
        """Samples of the node's clock; none if it is lost."""
        try:
            return [member.sample() for _ in range(count)]
        except NodeLost as problem:
            self._lose(member, problem)
            return []

    def _await(self, members: Sequence[Member], calls: Sequence[Future[Any]]) -> list[Any]:
        """The results of a call to each of `members`; None for those that are lost."""
        return [self._result(member, call) for member, call in zip(members, calls, strict=True)]

    def _result(self, member: Member, call: Future[Any]) -> Any:
        try:
            return call.result()
        except NodeLost as problem:
            self._lose(member, problem)
            return None
