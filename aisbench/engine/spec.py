"""What a worker is told when it is started: one small JSON file each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkerSpec:
    """Paths, numbers and file descriptors; `address` and `head` are bytes, kept as Latin-1."""

    worker: int
    workers: int
    records: str
    block: str
    bodies: str
    slots_fd: int | None
    share: int
    connect_ahead: int
    warmup: int
    address: str
    head: str
    rules: list[list[str]]
    counts_chunks: bool
    max_event_bytes: int
    timeout_ns: int
    drop_after_ns: int
    rest_ns: int
    token_times: bool
    text: bool

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @staticmethod
    def read(path: Path) -> WorkerSpec:
        return WorkerSpec(**json.loads(path.read_text()))
