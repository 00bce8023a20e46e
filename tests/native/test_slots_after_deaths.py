"""In-flight slots of processes that are killed: each comes back, and never one more."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aisbench._native.memory.shared import LIVE_FIELDS, SharedBlock, Slots
from aisbench._native.os.clock import now_ns
from aisbench.analysis.in_flight import InFlight
from tests.waiting import wait_until

WORKERS, LIMIT, TICKETS, KILLED = 8, 3, 1500, 5
PAGE = 4096

# Takes tickets and, for each, a slot for 0 to 2 ms. Writes ticket, begin and end (ns) of each to the file of its number.
WORK = """
import mmap, random, select, struct, sys, time
from aisbench._native.memory.shared import SharedBlock, Slots
folder, fd, worker, tickets = sys.argv[1], *map(int, sys.argv[2:])
block, slots = SharedBlock(folder + "/block"), Slots(fd=fd)
slots.count_in(block, worker)
free = select.poll()
free.register(fd, select.POLLIN)
draw = random.Random(worker)
with open(f"{folder}/{worker}", "r+b") as file:
    log = mmap.mmap(file.fileno(), 0)
block.set_ready(worker)
while block.start_ns == 0:
    time.sleep(0.001)
at = 0
while (ticket := block.take()) < tickets:
    struct.pack_into("q", log, at, ticket + 1)
    while not slots.take():
        free.poll()
    struct.pack_into("q", log, at + 8, time.monotonic_ns())
    time.sleep(draw.random() * 0.002)
    struct.pack_into("q", log, at + 16, time.monotonic_ns())
    slots.put()
    at += 24
"""


def wait_for_tickets(block: SharedBlock, taken: int) -> None:
    wait_until(lambda: block.tickets_taken > taken)


def reclaim(slots: Slots, block: SharedBlock, alive: list[int]) -> None:
    wait_until(lambda: slots.reclaim(block, alive) is not None)


def test_random_deaths_cost_no_slot_and_add_none(tmp_path: Path) -> None:
    block = SharedBlock.create(str(tmp_path / "block"), WORKERS, TICKETS, np.zeros(0, np.int64))
    slots = Slots(count=LIMIT)
    processes = []
    for worker in range(WORKERS):
        (tmp_path / str(worker)).write_bytes(bytes(24 * TICKETS))
        command = [sys.executable, "-c", WORK, str(tmp_path), str(slots.fd), str(worker), str(TICKETS)]
        processes.append(subprocess.Popen(command, pass_fds=[slots.fd]))
    wait_until(lambda: np.frombuffer(block.live_bytes(), np.dtype(LIVE_FIELDS))["ready"].all())
    block.start(now_ns())
    draw, died_ns = random.Random(5), {}
    for turn in range(KILLED):
        wait_for_tickets(block, int((turn + draw.random()) * TICKETS / 2 / KILLED))
        killed = draw.choice([worker for worker in range(WORKERS) if worker not in died_ns])
        processes[killed].kill()
        assert processes[killed].wait() == -signal.SIGKILL
        died_ns[killed] = now_ns()
        alive = [worker for worker in range(WORKERS) if worker not in died_ns]
        reclaim(slots, block, alive)
    assert [processes[worker].wait(60) for worker in alive] == [0] * len(alive)
    assert slots.free == LIMIT
    logs = [np.fromfile(tmp_path / str(worker), np.int64).reshape(-1, 3) for worker in range(WORKERS)]
    for worker, end_ns in died_ns.items():
        cut = (logs[worker][:, 1] > 0) & (logs[worker][:, 2] == 0)
        logs[worker][cut, 2] = end_ns
    log = np.concatenate(logs)
    log = log[log[:, 0] > 0]
    # No ticket twice, and all but those of which a process died before it wrote them down.
    assert len(set(log[:, 0])) == len(log) >= TICKETS - KILLED
    # Those who died while they waited for a slot never had one.
    had = log[log[:, 1] > 0]
    assert len(had) >= TICKETS - KILLED
    assert log[:, 0].max() == TICKETS
    assert InFlight.of_spans(had[:, 1].copy(), had[:, 2].copy(), int(log.max())).peak == LIMIT


def die_after(folder: Path, slots: Slots, steps: str, *, places: bool = False) -> None:
    """Kills a process, worker 0, after `steps`."""
    code = (
        "import os, sys\n"
        "from aisbench._native.memory.shared import SharedBlock, Slots\n"
        f"slots = Slots(fd={slots.fd})\n"
        f"slots.count_in(SharedBlock({str(folder / 'block')!r}), 0, {places})\n"
        f"{steps}\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], pass_fds=[slots.fd]).returncode == -signal.SIGKILL


@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize(
    ("steps", "lost"),
    [
        ("slots.take(); slots.take()", 2),
        ("slots.take(); slots.put()", 0),
        # Killed when the kernel has given the slot and the process has not counted it yet.
        ("slots.take(); os.read({fd}, 8)", 2),
    ],
)
def test_what_a_dead_process_held_is_what_is_missing(
    tmp_path: Path, places: bool, steps: str, lost: int
) -> None:
    block = SharedBlock.create(str(tmp_path / "block"), 2, -1, np.zeros(0, np.int64))
    slots = Slots(count=4)
    # This process keeps one back, as while the limit rises.
    assert slots.take()
    die_after(tmp_path, slots, steps.replace("{fd}", str(slots.fd)), places=places)
    assert slots.free == 3 - lost
    assert slots.reclaim(block, [1], places) == lost
    assert slots.free == 3
    assert slots.reclaim(block, [1], places) == 0
    slots.put()
    assert slots.free == 4


def test_slots_on_their_way_are_not_taken_for_those_of_the_dead(tmp_path: Path) -> None:
    block = SharedBlock.create(str(tmp_path / "block"), 2, -1, np.zeros(0, np.int64))
    lives = np.memmap(tmp_path / "block", np.dtype(LIVE_FIELDS), "r+", offset=PAGE, shape=(2,))
    slots = Slots(count=2)
    # Worker 1 has a slot that it has not counted yet.
    os.read(slots.fd, 8)
    lives["slot_moves"][1] = 1
    assert slots.reclaim(block, [1]) is None
    lives["slot_moves"][1], lives["slots_held"][1] = 2, 1
    assert slots.reclaim(block, [1]) == 0
    assert slots.free == 1
