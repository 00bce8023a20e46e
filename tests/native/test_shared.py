"""The shared counters, contended by real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aisbench._native.memory.shared import LIVE_FIELDS, SharedBlock, Slots
from tests.waiting import wait_until

# So many that no process can take them all within one time slice.
TICKETS = 1_000_000

TAKE_TICKETS = """
import sys
from aisbench._native.memory.shared import SharedBlock
block = SharedBlock(sys.argv[1])
block.set_ready(int(sys.argv[2]))
sys.stdin.read()
taken = []
while (ticket := block.take()) < 1000000:
    taken.append(ticket)
print(*taken)
"""

HOLD_SLOTS = """
import sys, select
from aisbench._native.memory.shared import SharedBlock, Slots
slots, counter = Slots(fd=int(sys.argv[1])), SharedBlock(sys.argv[2])
free = select.poll()
free.register(slots.fd, select.POLLIN)
for _ in range(2000):
    while not slots.take():
        free.poll()
    print(1, flush=False)
    slots.put()
    counter.take()
"""


def run(code: str, *args: str, fds: tuple[int, ...] = (), stdin: int | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args], stdin=stdin, stdout=subprocess.PIPE, text=True, pass_fds=fds
    )


def test_every_ticket_is_handed_out_once_whoever_asks(tmp_path: Path) -> None:
    path = str(tmp_path / "block")
    block = SharedBlock.create(path, 4, TICKETS, np.zeros(0, np.int64))
    # They all wait for the end of one pipe.
    gate, opener = os.pipe()
    processes = [run(TAKE_TICKETS, path, str(i), stdin=gate) for i in range(4)]
    wait_until(lambda: np.frombuffer(block.live_bytes(), np.dtype(LIVE_FIELDS))["ready"].all())
    os.close(opener)
    os.close(gate)
    taken = [list(map(int, p.communicate()[0].split())) for p in processes]
    assert sorted(ticket for part in taken for ticket in part) == list(range(TICKETS))
    assert all(part == sorted(part) for part in taken)
    assert sum(bool(part) for part in taken) > 1, "one process alone took all: nothing was contended"


def test_slots_are_a_semaphore_across_processes(tmp_path: Path) -> None:
    counter = SharedBlock.create(str(tmp_path / "counter"), 1, -1, np.zeros(0, np.int64))
    slots = Slots(count=3)
    processes = [run(HOLD_SLOTS, str(slots.fd), str(tmp_path / "counter"), fds=(slots.fd,)) for _ in range(4)]
    assert all(p.communicate()[0].count("1") == 2000 and p.returncode == 0 for p in processes)
    assert counter.tickets_taken == 8000
    assert [slots.take() for _ in range(4)] == [True, True, True, False]


def test_a_plan_is_kept_and_a_foreign_file_refused(tmp_path: Path) -> None:
    offsets = np.array([5, 7, 9], np.int64)
    SharedBlock.create(str(tmp_path / "block"), 2, 3, offsets)
    # And that all places are this host's.
    assert (tmp_path / "block").read_bytes().endswith(offsets.tobytes() + bytes(8))
    (tmp_path / "other").write_bytes(b"x" * 8192)
    with pytest.raises(ValueError, match="not a shared block"):
        SharedBlock(str(tmp_path / "other"))
