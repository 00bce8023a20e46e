"""A cluster whose nodes are objects of this process, with real workers: what does not depend on Ray is tested on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aisbench.config.run_config import RunConfig
from aisbench.engine import coordinator as module
from aisbench.engine.cluster.fleet import Fleet
from aisbench.engine.cluster.member import NodeLost
from aisbench.engine.cluster.messages import About
from aisbench.engine.cluster.node import Node
from aisbench.engine.coordinator import Coordinator, Tick


class ThreadRemote:
    """Calls a node from a thread. Once `gone` is set, no call reaches it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.gone = ""
        self.pool = ThreadPoolExecutor(4)

    def ask(self, method: str, *args: Any) -> Any:
        if self.gone:
            raise NodeLost(self.gone)
        return getattr(self.node, method)(*args)

    def call(self, method: str, *args: Any) -> Future[Any]:
        return self.pool.submit(self.ask, method, *args)

    def share(self, content: bytes) -> Any:
        return content


class ThreadCluster:
    def __init__(self, cpus: Sequence[int], place: Path) -> None:
        self.hosts = sorted(cpus, reverse=True)
        self.place = place
        self.remotes: list[ThreadRemote] = []

    def cpus(self) -> list[int]:
        return list(self.hosts)

    def start(
        self, name: str, workers: Sequence[int], place: str | None, silence_s: float
    ) -> list[tuple[ThreadRemote, About]]:
        self.remotes = [
            ThreadRemote(Node(name, rank, place or str(self.place), silence_s))
            for rank in range(len(workers))
        ]
        return [(remote, remote.node.about()) for remote in self.remotes]

    def start_one(
        self, name: str, rank: int, beside: int, place: str | None, silence_s: float
    ) -> tuple[ThreadRemote, About]:
        assert not self.remotes[beside].gone
        remote = ThreadRemote(Node(name, rank, place or str(self.place), silence_s))
        self.remotes.append(remote)
        return remote, remote.node.about()

    def lose(self, rank: int) -> None:
        """The host of a node is gone, and its workers with it."""
        remote = self.remotes[rank]
        remote.gone = "its host died"
        remote.node.over.set()
        crew = remote.node.crew
        assert crew is not None
        for process in crew.processes.processes:
            process.kill()

    def close(self) -> None:
        for remote in self.remotes:
            remote.pool.shutdown(cancel_futures=True)


def run_on(
    cluster: ThreadCluster,
    config: RunConfig,
    url: str,
    patch: Any,
    *,
    tick: Tick = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """The folder of a run of `config` on `cluster`."""
    patch.setattr(module, "hosts_of", lambda config, say: Fleet(config, say, cluster))
    running = Coordinator(config.expanded(), command=["aisbench-load"], say=say, tick=tick)
    return running.run((url,), simulator=False)
