"""The instructions that a worker gets at its start, as a line of JSON on its standard input."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass

_MOST_FILES = 2


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
    reader: str
    rest_ns: int
    secrets: list[str]
    expected_rows: int
    token_times: bool
    text: bool

    @property
    def files(self) -> list[int]:
        """The open files that the worker needs, by their numbers in this process."""
        return [fd for fd in (self.slots_fd, self.prefills_fd) if fd is not None]

    def encoded(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @staticmethod
    def read(fd: int) -> WorkerSpec:
        """Receives one spec from the socket `fd`, with its files; raises EOFError if `fd` ends first."""
        line, files = b"", list[int]()
        with socket.socket(fileno=os.dup(fd)) as lifeline:
            while not line.endswith(b"\n"):
                part, received, _, _ = socket.recv_fds(lifeline, 1 << 16, _MOST_FILES)
                if not part:
                    raise EOFError("the coordinator ended before it sent the spec")
                line += part
                files += received
        told = json.loads(line)
        # They have other numbers in this process.
        for name in ("slots_fd", "prefills_fd"):
            if told[name] is not None:
                told[name] = files.pop(0)
        told["targets"] = [TargetSpec(**target) for target in told["targets"]]
        told["names"] = told["names"] and NamesSpec(**told["names"])
        return WorkerSpec(**told)
