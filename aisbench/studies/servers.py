"""The servers that a study sends requests to: those of the options, or the built-in simulator."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from aisbench.config.run_config import RunConfig


def servers_of(
    stack: ExitStack, config: RunConfig, say: Callable[[str], None]
) -> tuple[tuple[str, ...], bool]:
    """The URLs, and whether they belong to the simulator, which then runs until `stack` ends.

    With --uds and no --url, the host in the URL only fills the Host header.
    """
    if config.url:
        return config.url, False
    if config.uds is not None:
        return ("http://localhost",), False
    from aisbench.simulator.process import start_simulator

    simulator = stack.enter_context(start_simulator([]))
    say(f"no --url: using the built-in simulator at {simulator.url}")
    return (simulator.url,), True
