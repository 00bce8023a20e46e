"""What a worker is told when it is started: one small JSON file each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class TargetSpec:
    """A server; `address`, `head` and `tunnel` are bytes, kept as Latin-1."""

    address: str
    head: str
    tunnel: str
    is_tls: bool
    server_name: str


@dataclass(frozen=True)
class WorkerSpec:
    """Paths, numbers and file descriptors; `local_addresses` are packed sockaddrs, kept as Latin-1."""

    worker: int
    workers: int
    records: str
    block: str
    bodies: str
    conversations: str | None
    slots_fd: int | None
    share: int
    connect_ahead: int
    connect_rate: float | None
    warmup: int
    targets: list[TargetSpec]
    policy: str
    keep_alive: bool
    local_addresses: list[str]
    cacert: str | None
    insecure: bool
    rules: list[list[str]]
    streams: bool
    counts_chunks: bool
    must_finish: bool
    max_event_bytes: int
    max_answer_bytes: int
    timeout_ns: int
    drop_after_ns: int
    rest_ns: int
    token_times: bool
    text: bool

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @staticmethod
    def read(path: Path) -> WorkerSpec:
        told = json.loads(path.read_text())
        told["targets"] = [TargetSpec(**target) for target in told["targets"]]
        return WorkerSpec(**told)
