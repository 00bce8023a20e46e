"""What nodes and the head send each other."""

from __future__ import annotations

from dataclasses import dataclass, field

# Of a file, sent at a time: it is in memory at the head and at the node.
BLOCK_BYTES = 16 << 20


@dataclass(frozen=True)
class About:
    """What a node says about itself. `python` and `version` (of aisbench) must be the head's."""

    version: str
    python: str
    host: str
    address: str
    kernel: str
    cpus: int
    pid: int
    folder: str


@dataclass(frozen=True)
class Status:
    """How a node's part goes.

    `live`: the counters of its workers, as in SharedBlock.live_bytes. `free`: its free in-flight slots; None: no limit.
    `lines`: what was to be said since the last status. `files`: small files of its records that have changed since, whole.
    """

    live: bytes
    running: bool
    dead: str | None
    no_room: bool
    done: int
    free: int | None
    lines: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
