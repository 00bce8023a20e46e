"""The hosts of a run on a cluster: how many workers each has, and the crew that they make."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import threading
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np

from aisbench.config.run_config import RunConfig
from aisbench.engine.cluster.crew import ClusterCrew
from aisbench.engine.cluster.member import Member, NodeLost, Remote
from aisbench.engine.cluster.messages import About
from aisbench.engine.cluster.node import SILENCE_S
from aisbench.engine.cluster.split import places_of, rounds, split_limit, tickets_of
from aisbench.engine.crew.crew import Crew, Share
from aisbench.engine.limits import wanted_workers
from aisbench.engine.preparation import Prepared, Say
from aisbench.errors import BadInput, CannotRun
from aisbench.records.folder import RunDirectory

# Much less than a node waits for the head.
_BEAT_EVERY_S = 2.0


class Cluster(Protocol):
    """Hosts that can be nodes."""

    def cpus(self) -> list[int]:
        """The CPUs of each host, most first."""

    def start(
        self, name: str, workers: Sequence[int], place: str | None, silence_s: float
    ) -> Sequence[tuple[Remote, About]]:
        """Starts a Node for each number in `workers`, on a host of its own with that many CPUs for it."""

    def start_one(
        self, name: str, rank: int, beside: int, place: str | None, silence_s: float
    ) -> tuple[Remote, About]:
        """Starts one more Node, on the host of node `beside`, without CPUs of its own."""

    def close(self) -> None:
        """Ends the nodes and gives their CPUs back."""


class Fleet:
    """One node on each of `config.nodes` hosts of a cluster.

    Raises BadInput for a cluster that is too small, and CannotRun if it is busy.
    """

    def __init__(self, config: RunConfig, say: Say, cluster: Cluster) -> None:
        self.config = config
        self.say = say
        self.cluster = cluster
        self.each = workers_of(config, self.cluster.cpus())
        for flag, limit in (
            ("--concurrency", config.concurrency),
            ("--prefill-concurrency", config.prefill_concurrency),
        ):
            if limit is not None and limit < len(self.each):
                raise BadInput(
                    f"{flag} {limit} is less than one request for each of {len(self.each)} nodes; give fewer --nodes"
                )
        self.workers = sum(self.each)
        self.name = f"aisbench-{secrets.token_hex(4)}"
        self.nodes: Sequence[tuple[Remote, About]] = self.cluster.start(
            self.name, self.each, config.node_dir, SILENCE_S
        )
        self.over = threading.Event()
        try:
            self._check_addresses()
        except BadInput:
            self.close()
            raise
        threading.Thread(target=self._beat, daemon=True).start()
        hosts = ", ".join(
            f"{about.host} ({count} worker{'s' * (count > 1)})"
            for (_, about), count in zip(self.nodes, self.each, strict=True)
        )
        say(f"the load comes from {len(self.nodes)} node{'s' * (len(self.nodes) > 1)}: {hosts}")

    def open_files(self) -> int:
        limit = self.config.concurrency
        connections = None if limit is None else -(-limit // self.workers)
        try:
            found = [
                int(remote.ask("open_files", connections, count))
                for (remote, _), count in zip(self.nodes, self.each, strict=True)
            ]
        except NodeLost as problem:
            raise CannotRun(f"a node of the Ray cluster was lost: {problem}") from None
        return min(found)

    def begin(self, directory: RunDirectory) -> None:
        """The nodes start their workers once they have their files."""

    def crew(self, prepared: Prepared, directory: RunDirectory) -> Crew:
        shares = split(prepared.share, self.each)
        ends = [*accumulate(self.each)]
        members = [
            Member(rank, remote, about, prepared.specs[end - count : end], end - count, share)
            for rank, ((remote, about), count, end, share) in enumerate(
                zip(self.nodes, self.each, ends, shares, strict=True)
            )
        ]
        return ClusterCrew(
            members,
            directory,
            grace_s=self.config.grace_s,
            shared=self.config.node_dir is not None,
            say=self.say,
            spawn=self._spawn if self.config.reissue else None,
        )

    def _spawn(self, rank: int, beside: int) -> tuple[Remote, About]:
        """One more node, on the host of node `beside`."""
        found = self.cluster.start_one(self.name, rank, beside, self.config.node_dir, SILENCE_S)
        self.nodes = [*self.nodes, found]
        return found

    def close(self) -> None:
        self.over.set()
        self.cluster.close()

    def _beat(self) -> None:
        """Calls each node now and then, also while prompts are made or a server is waited for: nodes end if the head is silent."""
        while not self.over.wait(_BEAT_EVERY_S):
            for remote, _ in self.nodes:
                remote.call("about")

    def _check_addresses(self) -> None:
        """Raises BadInput if nodes on other hosts would have to reach a server by an address of this host alone."""
        here = socket.gethostname()
        elsewhere = sorted({about.host for _, about in self.nodes} - {here})
        names = [urlsplit(url).hostname or "" for url in self.config.url]
        if not elsewhere or (names and not any(map(_is_loopback, names))):
            return
        what = f"--url {self.config.url[0]} means" if names else "the built-in simulator can be reached from"
        raise BadInput(
            f"{what} this host alone, and nodes are on {', '.join(elsewhere)}; give a --url that all of them can reach"
        )


def workers_of(config: RunConfig, cpus: list[int]) -> list[int]:
    """The workers of each node, for hosts with `cpus`, most first.

    Raises BadInput if the cluster has too few hosts, or a host has too few CPUs for --workers-per-node.
    """
    # The head of a cluster often has none.
    cpus = [each for each in cpus if each >= 1]
    count = config.nodes or len(cpus)
    if count > len(cpus):
        raise BadInput(
            f"--nodes {count}: the Ray cluster has {len(cpus)} hosts with CPUs for it, and each can be one node"
        )
    if count == 0:
        raise BadInput("--ray: the Ray cluster has no host with a CPU for load; start one with ray start")
    most = config.workers_per_node
    if most is not None:
        if cpus[count - 1] < most:
            raise BadInput(
                f"--workers-per-node {most}: a host of the Ray cluster has {cpus[count - 1]} CPUs; give that many at most, or "
                "fewer --nodes"
            )
        return [most] * count
    wanted = -(-wanted_workers(config.concurrency, config.arrival_law) // count)
    return [min(wanted, cpus[node]) for node in range(count)]


def split(whole: Share, weights: list[int]) -> list[Share]:
    """The share of each node, in proportion to `weights`; see split.rounds and split.split_limit."""
    own = rounds(weights)
    length = sum(map(len, own))
    nodes = len(weights)

    def limits(limit: int | None) -> list[int] | list[None]:
        return [None] * nodes if limit is None else split_limit(limit, weights)

    shares = []
    for places, in_flight, prefills in zip(own, limits(whole.in_flight), limits(whole.prefills), strict=True):
        planned = tickets_of(len(whole.offsets_ns), length, places)
        shares.append(
            Share(
                whole.tickets if whole.tickets < 0 else tickets_of(whole.tickets, length, places),
                np.ascontiguousarray(whole.offsets_ns[places_of(planned, length, places)]),
                in_flight,
                prefills,
                whole.most_each,
                whole.ramp_s,
                length,
                places,
            )
        )
    return shares


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
