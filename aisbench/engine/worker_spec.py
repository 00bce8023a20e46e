"""The instructions to a worker at its start: a line of JSON on its standard input."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass


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
    """Paths, numbers and file descriptors; `local_addresses` are packed sockaddrs, kept as Latin-1.

    `secrets`: what is masked in the answers of servers that say what they were sent.
    """

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
    secrets: list[str]
    expected_rows: int
    token_times: bool
    text: bool

    def encoded(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @staticmethod
    def read(fd: int) -> WorkerSpec:
        """The spec that `fd` brings next; raises EOFError when it ends before."""
        line = b""
        while not line.endswith(b"\n"):
            part = os.read(fd, 1 << 16)
            if not part:
                raise EOFError("the coordinator was gone before it said what to do")
            line += part
        told = json.loads(line)
        told["targets"] = [TargetSpec(**target) for target in told["targets"]]
        return WorkerSpec(**told)
