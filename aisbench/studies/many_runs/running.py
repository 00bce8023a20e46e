"""Runs one configuration after another on the same servers, without one run disturbing the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aisbench import saying
from aisbench.config.run_config import RunConfig
from aisbench.engine.coordinator import Coordinator, Tick
from aisbench.workload.build import Build

# After a run was cut short the server needs a moment to drop its requests; its metrics page may show when it has.
_DRAIN_LEAST_S, _DRAIN_MOST_S = 2.0, 60.0


def note(line: str) -> None:
    """Prints a line that is not part of the result."""
    saying.say(line, err=True)


def no_tick(coordinator: Coordinator) -> None:
    """Leaves the run alone."""


class Runs:
    """The runs of a study. `command`: its command line, which each run keeps. `build`: as for Coordinator."""

    def __init__(self, command: Sequence[str], build: Build | None = None) -> None:
        self._command = list(command)
        self._build = build
        self._said: set[str] = set()
        # The last run, if it was cut short.
        self._cut: Coordinator | None = None

    def run(
        self, config: RunConfig, place: Path, urls: tuple[str, ...], *, simulated: bool, tick: Tick = no_tick
    ) -> Path:
        """Does one run and returns its folder, a new one in `place`. Raises KeyboardInterrupt if the user stopped it."""

        def watch(coordinator: Coordinator) -> None:
            if coordinator.interrupts.count:
                # Only finished runs count, so the rest of this one need not be waited for.
                coordinator.abandon("the study was stopped")
            else:
                tick(coordinator)

        self._drain()
        config = replace(config, work_dir=str(place))
        coordinator = Coordinator(
            config, command=self._command, say=self._say_once, tick=watch, build=self._build
        )
        path = coordinator.run(urls, simulator=simulated)
        if coordinator.interrupts.count:
            raise KeyboardInterrupt
        self._cut = coordinator if coordinator.abandoned is not None else None
        return path

    def _drain(self) -> None:
        """Waits until the server has dropped the requests of a run that was cut short, which would disturb the next."""
        if self._cut is None:
            return
        held = self._cut.wait_until_idle(least_s=_DRAIN_LEAST_S, most_s=_DRAIN_MOST_S)
        if held:
            note(f"{_DRAIN_MOST_S:g} s after a run was cut short, the server still has {held} requests")

    def _say_once(self, line: str) -> None:
        """Prints `line` unless an earlier run did: notes about the workload are the same for every run."""
        if line not in self._said:
            self._said.add(line)
            note(line)
