"""The instructions that a worker gets at its start, as a line of JSON on its standard input."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class TargetSpec:
    """One server; `address`, `head` and `tunnel` are bytes as Latin-1 text, since JSON has no bytes."""

    address: str
    head: str
    numbered: bool
    tunnel: str
    is_tls: bool
    server_name: str


@dataclass(frozen=True)
class NamesSpec:
    """How requests say which session they belong to: see _native.sending.names.

    `prefix`: of every session's name. `run`: the run's name. `own`, `parent`, `token`: names of headers.
    """

    prefix: str
    run: str
    own: list[str]
    parent: list[str]
    token: str | None
    in_bodies: bool


@dataclass(frozen=True)
class WorkerSpec:
    """Everything that a worker needs; paths are strings, and `local_addresses` packed sockaddrs as Latin-1 text.

    `abort_after_ns` -1: aborted requests are after `abort_after_tokens`. `secrets`: strings to mask in the answers of servers that echo a request.
    """

    worker: int
    workers: int
    records: str
    block: str
    bodies: str
    conversations: str | None
    keeps_slot: bool
    users: int
    user_gap_ns: int
    history_reasoning: bool
    # The server keeps what was said before.
    history_at_server: bool
    slots_fd: int | None
    prefills_fd: int | None
    abort_share: float
    abort_seed: int
    abort_after_ns: int
    abort_after_tokens: int
    share: int
    connect_ahead: int
    connect_rate: float | None
    warmup: int
    targets: list[TargetSpec]
    names: NamesSpec | None
    policy: str
    keep_alive: bool
    local_addresses: list[str]
    cacert: str | None
    insecure: bool
    backend: str
    template: str | None
    rules: list[list[str]]
    streams: bool
    counts_chunks: bool
    must_finish: bool
    lines: bool
    end: str
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
        """Reads one spec from `fd`; raises EOFError if `fd` ends first."""
        line = b""
        while not line.endswith(b"\n"):
            part = os.read(fd, 1 << 16)
            if not part:
                raise EOFError("the coordinator ended before it sent the spec")
            line += part
        told = json.loads(line)
        told["targets"] = [TargetSpec(**target) for target in told["targets"]]
        told["names"] = told["names"] and NamesSpec(**told["names"])
        return WorkerSpec(**told)
