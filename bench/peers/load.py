"""The load that all clients make, and what is known of a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# Of the referee.
TTFT_US, ITL_US, TOKENS = 50_000, 10_000, 128
STREAMS = 256


def itl_us_of(streams: int) -> int:
    """The referee's gap between tokens: longer for more streams, so that it writes 25,000 events/s at most."""
    return ITL_US * max(1, streams // STREAMS)


def answer_s(streams: int) -> float:
    """Duration of one answer, in s."""
    return (TTFT_US + (TOKENS - 1) * itl_us_of(streams)) / 1e6


def sizes_of(streams: int) -> tuple[int, int]:
    """Numbers of requests of a short and a long run: 7 s and 20 s with 256 streams, if the client keeps up."""
    return 5 * streams, 15 * streams


@dataclass(frozen=True)
class Load:
    """A closed loop: `streams` requests in flight until `requests` were sent, each answered with TOKENS tokens."""

    url: str
    requests: int
    streams: int = STREAMS

    @property
    def seconds(self) -> int:
        """How long it takes if the client keeps up, for clients that are given a time; at least 2."""
        return max(2, round(self.requests / self.streams * answer_s(self.streams)))


@dataclass(frozen=True)
class Reported:
    """What a client reports, in ms; None for what it does not. `remark`: what the reader of the figures must know."""

    ttft_mean: float | None = None
    ttft_p99: float | None = None
    itl_mean: float | None = None
    itl_p99: float | None = None
    remark: str = ""


class Client(Protocol):
    """A program that makes a load; each run has an empty folder of its own for its files."""

    @property
    def name(self) -> str: ...

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that it needs beside those of this process."""

    def version(self) -> str:
        """As the program tells it, or "-"."""

    def command(self, load: Load, folder: Path) -> list[str]:
        """As its user would write it."""

    def reported(self, folder: Path) -> Reported:
        """The figures of the run in `folder`. Raises BadInput or OSError if it left none."""
