"""Nodes as actors of a Ray cluster, one on each host. Nothing else in this package imports Ray.

The actors, and the placement group that has their CPUs, are detached: they outlive a head that dies, so that the nodes can
write their records. They then remove both themselves.
"""

from __future__ import annotations

import os
import platform
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import aisbench
from aisbench.engine.cluster.member import NodeLost
from aisbench.engine.cluster.messages import About
from aisbench.engine.cluster.node import Node
from aisbench.errors import BadInput, CannotRun
from aisbench.extras import install_command

if TYPE_CHECKING:
    from ray.actor import ActorHandle
    from ray.util.placement_group import PlacementGroup

LOCAL = "local"
_NAMESPACE = "aisbench"
_PLACE_PATIENCE_S, _START_PATIENCE_S = 60.0, 120.0
_KNOCK_PATIENCE_S = 10.0
# Calls that one node handles at a time: a status must not wait for a file that is read.
_AT_ONCE = 8


class ActorNode(Node):
    """A node in an actor: it ends the actor once it has ended its part alone."""

    def __init__(self, name: str, rank: int, place: str | None, silence_s: float) -> None:
        super().__init__(name, rank, place, silence_s)
        self.run_name = name
        threading.Thread(target=self._leave, daemon=True).start()

    def is_over(self) -> bool:
        """Whether the node has ended its part without the head."""
        return self.orphaned.is_set()

    def _leave(self) -> None:
        """Once all nodes have ended without the head, gives the CPUs back, which ends their actors."""
        import ray

        self.orphaned.wait()
        give_up_s = time.monotonic() + self.grace_s + self.silence_s
        while time.monotonic() < give_up_s and not all(map(self._is_over, self._others())):
            time.sleep(1.0)
        group = ray.util.get_current_placement_group()
        if group is not None:
            ray.util.remove_placement_group(group)
        os._exit(0)

    def _others(self) -> list[str]:
        """The names of the actors of the run's other nodes."""
        import ray

        named = (one["name"] for one in ray.util.list_named_actors(all_namespaces=True))
        mine = _actor_name(self.run_name, self.rank)
        return [name for name in named if name.startswith(f"{self.run_name}-node-") and name != mine]

    def _is_over(self, name: str) -> bool:
        import ray

        try:
            other = ray.get_actor(name, namespace=_NAMESPACE)
            return bool(ray.get(other.is_over.remote(), timeout=5.0))
        except (ValueError, ray.exceptions.RayError):
            return True


class ActorRemote:
    """Calls the methods of an ActorNode."""

    def __init__(self, actor: ActorHandle[ActorNode]) -> None:
        self.actor = actor

    def ask(self, method: str, *args: Any) -> Any:
        import ray

        try:
            return ray.get(getattr(self.actor, method).remote(*args))
        except ray.exceptions.RayActorError as problem:
            raise NodeLost(_reason(problem)) from None

    def call(self, method: str, *args: Any) -> Future[Any]:
        import ray

        found: Future[Any] = Future()

        def settle(answer: Future[Any]) -> None:
            problem = answer.exception()
            if isinstance(problem, ray.exceptions.RayActorError):
                problem = NodeLost(_reason(problem))
            if problem is not None:
                found.set_exception(problem)
            else:
                found.set_result(answer.result())

        try:
            getattr(self.actor, method).remote(*args).future().add_done_callback(settle)
        except ray.exceptions.RayActorError as problem:
            found.set_exception(NodeLost(_reason(problem)))
        return found

    def share(self, content: bytes) -> Any:
        import ray

        return ray.put(content)


class RayNodes:
    """The hosts of the Ray cluster at `address`: auto, ray://HOST:PORT, HOST:PORT, or local, which starts one here.

    Raises BadInput if there is no such cluster, or Ray is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            import ray
        except ImportError:
            raise BadInput(f"--ray needs Ray: {install_command('ray', 'ray')}") from None
        self.address = address
        self.group: PlacementGroup | None = None
        self.actors: list[ActorHandle[ActorNode]] = []
        if not ray.is_initialized():
            self._connect()

    def _connect(self) -> None:
        import ray

        given: dict[str, Any] = {"namespace": _NAMESPACE}
        if not self.address.startswith("ray://"):
            given |= {"log_to_driver": False, "configure_logging": False}
        if self.address == LOCAL:
            given |= {"include_dashboard": False}
        try:
            _knock(self.address)
            ray.init(self.address, **given)
        # Ray raises whatever its parts do.
        except Exception as problem:
            raise BadInput(
                f"--ray {self.address}: no Ray cluster answers there ({_reason(problem)}); start one with ray start --head, "
                "or give --ray local"
            ) from None

    def cpus(self) -> list[int]:
        """The CPUs of each live host, most first."""
        import ray

        alive = [node for node in ray.nodes() if node["Alive"]]
        return sorted((int(node["Resources"].get("CPU", 0)) for node in alive), reverse=True)

    def start(
        self, name: str, workers: Sequence[int], place: str | None, silence_s: float
    ) -> list[tuple[ActorRemote, About]]:
        """Starts one node for each number in `workers`, on a host of its own with as many CPUs for it.

        Raises CannotRun if the hosts are busy, and BadInput if one of them has other versions than this one.
        """
        import ray

        self.group = group = ray.util.placement_group(
            [{"CPU": count} for count in workers], strategy="STRICT_SPREAD", name=name, lifetime="detached"
        )
        if not group.wait(_PLACE_PATIENCE_S):
            self.close()
            raise CannotRun(
                f"the Ray cluster did not have {' + '.join(map(str, workers))} CPUs free on {len(workers)} hosts within "
                f"{_PLACE_PATIENCE_S:.0f} s; `ray status` shows what uses them; give fewer --nodes or --workers-per-node"
            )
        places = [_place(group, index) for index in range(len(workers))]
        try:
            self.actors = [
                _actor(name, rank, count, place_of).remote(name, rank, place, silence_s)
                for rank, (count, place_of) in enumerate(zip(workers, places, strict=True))
            ]
            abouts = _abouts(self.actors, places)
            check_versions([(about.host, about.version) for about in abouts])
        except ray.exceptions.RayError as problem:
            self.close()
            raise CannotRun(f"a node of the Ray cluster did not start: {_reason(problem)}") from None
        except BaseException:
            self.close()
            raise
        return [(ActorRemote(one), about) for one, about in zip(self.actors, abouts, strict=True)]

    def start_one(
        self, name: str, rank: int, beside: int, place: str | None, silence_s: float
    ) -> tuple[ActorRemote, About]:
        """Starts one more node, on the host of node `beside`, without CPUs of its own. Raises CannotRun if it does not start."""
        import ray

        assert self.group is not None
        actor = _actor(name, rank, 0, _place(self.group, beside)).remote(name, rank, place, silence_s)
        self.actors.append(actor)
        try:
            return ActorRemote(actor), ray.get(actor.about.remote(), timeout=_START_PATIENCE_S)
        except ray.exceptions.RayError as problem:
            raise CannotRun(f"a node of the Ray cluster did not start: {_reason(problem)}") from None

    def close(self) -> None:
        """Ends the actors and gives their CPUs back."""
        import ray

        for actor in self.actors:
            ray.kill(actor)
        if self.group is not None:
            ray.util.remove_placement_group(self.group)
        self.actors, self.group = [], None


def _place(group: PlacementGroup, index: int) -> Any:
    """The host of node `index`, for Ray's options."""
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    return PlacementGroupSchedulingStrategy(group, index)


def _actor(name: str, rank: int, cpus: int, place_of: Any) -> Any:
    """The class of node `rank`, to be made at a place of the cluster."""
    import ray

    actor: Any = ray.remote(ActorNode)
    return actor.options(
        name=_actor_name(name, rank),
        namespace=_NAMESPACE,
        lifetime="detached",
        num_cpus=cpus,
        max_concurrency=_AT_ONCE,
        scheduling_strategy=place_of,
    )


def _knock(address: str) -> None:
    """Raises OSError if nothing listens at HOST:PORT: Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_PATIENCE_S).close()


def _abouts(actors: Sequence[ActorHandle[ActorNode]], places: Sequence[Any]) -> list[About]:
    """What the nodes say about themselves. Raises BadInput if one does not start because its host has another aisbench."""
    import ray

    try:
        found: list[About] = ray.get([one.about.remote() for one in actors], timeout=_START_PATIENCE_S)
    except ray.exceptions.RayError:
        # Only now, as a process that Ray starts for a task cannot become an actor: each host would start one more.
        _check_versions(places)
        raise
    return found


def _check_versions(places: Sequence[Any]) -> None:
    """Raises BadInput if a host has another aisbench than this one, or none."""
    import ray

    def installed() -> tuple[str, str | None]:
        # Ray sends the code of a nested function along, so this one also runs on a node that has no aisbench.
        import socket

        try:
            import aisbench as theirs
        except ImportError:
            return socket.gethostname(), None
        return socket.gethostname(), theirs.__version__

    asking = ray.remote(installed)
    found = ray.get(
        [asking.options(num_cpus=0, scheduling_strategy=place).remote() for place in places],
        timeout=_START_PATIENCE_S,
    )
    check_versions(found)


def check_versions(found: Sequence[tuple[str, str | None]]) -> None:
    """`found`: each host, and the version of its aisbench, None if it has none. Raises BadInput unless all are ours."""
    for host, version in found:
        if version != aisbench.__version__:
            has = "has no aisbench" if version is None else f"has aisbench {version}"
            raise BadInput(
                f"--ray: {host} {has}, and this host has {aisbench.__version__}; install the same version for Python "
                f"{platform.python_version()} on all hosts of the cluster"
            )


def _actor_name(run: str, rank: int) -> str:
    return f"{run}-node-{rank}"


def _reason(problem: BaseException) -> str:
    """The first sentence of an error of Ray, which may go on for a page."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return (lines[0] if lines else type(problem).__name__).rstrip(".:")
