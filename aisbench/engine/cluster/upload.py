"""Brings the prepared files of a run to its nodes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from aisbench.engine.cluster.member import Member
from aisbench.engine.cluster.messages import BLOCK_BYTES

# Requests that go before the run: each worker has its own.
_WARM_UP = re.compile(r"warmup-(\d+)\.bin$")


def prepared_files(records: Path) -> list[Path]:
    """What workers read from `records`, before anything is recorded there."""
    return sorted(path for path in records.iterdir() if path.name != "run.json")


def upload(members: Sequence[Member], files: Sequence[Path]) -> None:
    """Sends prepared files to all nodes. Raises NodeLost, and OSError if a node has no room."""
    for path in files:
        match = _WARM_UP.match(path.name)
        if match is None:
            _send(members, path, path.name)
            continue
        worker = int(match[1])
        for member in members:
            if 0 <= worker - member.first < member.workers:
                _send([member], path, f"warmup-{worker - member.first}.bin")


def _send(members: Sequence[Member], path: Path, name: str) -> None:
    with path.open("rb") as file:
        block = file.read(BLOCK_BYTES)
        while True:
            shared = members[0].remote.share(block)
            for call in [member.remote.call("put", name, shared) for member in members]:
                call.result()
            block = file.read(BLOCK_BYTES)
            if not block:
                return
