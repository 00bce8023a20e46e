"""Where the workers of a run are: on this host, or on others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aisbench.config.run_config import RunConfig
from aisbench.engine.crew.crew import Crew
from aisbench.engine.crew.local import LocalCrew
from aisbench.engine.crew.starting import StartedWorkers
from aisbench.engine.limits import default_workers, raise_open_files
from aisbench.records.folder import RunDirectory

if TYPE_CHECKING:
    from aisbench.engine.preparation import Prepared, Say


class Hosts(Protocol):
    """The hosts of one run."""

    @property
    def workers(self) -> int:
        """How many workers they have together."""

    def open_files(self) -> int:
        """How many files a worker may open. Raises BadInput or CannotRun if these are too few for the run."""

    def begin(self, directory: RunDirectory) -> None:
        """May start processes while the run is prepared in `directory`."""

    def crew(self, prepared: Prepared, directory: RunDirectory) -> Crew:
        """The workers for what was prepared, to be started later."""

    def close(self) -> None:
        """Lets the hosts go."""


def hosts_of(config: RunConfig, say: Say) -> Hosts:
    """The hosts that the options ask for. `say(line)` gets a line about each worker or node that dies.

    Raises BadInput for a reader that cannot be had, and for a cluster that is not there or too small; CannotRun for one
    that is busy.
    """
    if config.ray is None:
        if config.reader == "io_uring":
            # Imported here, as the readers are for the workers.
            from aisbench.engine.crew.readers import check_io_uring

            check_io_uring()
        return ThisHost(config, say)
    from aisbench.engine.cluster.fleet import Fleet
    from aisbench.engine.cluster.ray_nodes import RayNodes

    return Fleet(config, say, RayNodes(config.ray))


class ThisHost:
    """Has all workers itself. `say(line)` gets a line about each that dies."""

    def __init__(self, config: RunConfig, say: Say) -> None:
        self.config = config
        self.say = say
        self.workers = config.workers or default_workers(config.concurrency, config.arrival_law)
        self.started: StartedWorkers | None = None

    def open_files(self) -> int:
        limit = self.config.concurrency
        return raise_open_files(None if limit is None else -(-limit // self.workers), self.workers)

    def begin(self, directory: RunDirectory) -> None:
        # They load their modules while the bodies are made here.
        self.started = StartedWorkers(self.workers, directory.path / "logs")

    def crew(self, prepared: Prepared, directory: RunDirectory) -> Crew:
        return LocalCrew(prepared.specs, prepared.share, directory.path, self.say, started=self.started)

    def close(self) -> None:
        if self.started is not None:
            self.started.end()
