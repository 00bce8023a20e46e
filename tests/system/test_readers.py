"""How workers read their sockets: --reader."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.readers import READERS
from tests.system.running import run_load

_LOAD = (
    "--num-requests",
    "4",
    "--input-len",
    "4",
    "--output-len",
    "4",
    "--no-progress",
    "--no-server-metrics",
)
# struct sock_filter: the number of the call; if it is io_uring_setup's, which is the same on all machines, EPERM.
_FILTER = b"".join(
    struct.pack("HBBI", *one)
    for one in ((0x20, 0, 0, 0), (0x15, 0, 1, 425), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000))
)
_WITHOUT_IO_URING = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None)
rules = ctypes.create_string_buffer(bytes.fromhex(sys.argv[1]))
program = struct.pack("HxxxxxxP", 4, ctypes.addressof(rules))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, program, 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-m", "aisbench", *sys.argv[2:]])
"""


def run_without_io_uring(*args: object) -> subprocess.CompletedProcess[str]:
    """Runs aisbench as in a container whose seccomp profile forbids io_uring."""
    command = [sys.executable, "-c", _WITHOUT_IO_URING, _FILTER.hex(), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize(("word", "used"), [("auto", READERS[-1]), ("epoll", "epoll")])
def test_the_summary_says_which_reader_was_used(
    tmp_path: Path, quick_simulator: SimulatorProcess, word: str, used: str
) -> None:
    run = run_load(tmp_path, "--url", quick_simulator.url, *_LOAD, "--reader", word)
    assert run.code == 0, run.err
    assert run.summary["requests"]["completed"] == 4
    assert run.summary["client"]["reader"] == used


def test_where_io_uring_is_forbidden_epoll_reads_and_the_report_says_so(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    done = run_without_io_uring("load", "--url", quick_simulator.url, *_LOAD, "--work-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.iterdir()
    client = json.loads((folder / "summary.json").read_text())["client"]
    assert (client["reader"], client["io_uring_refused"]) == ("epoll", "Operation not permitted")
    assert "epoll (io_uring: Operation not permitted)" in (folder / "report.html").read_text()


def test_where_io_uring_is_forbidden_it_cannot_be_asked_for(tmp_path: Path) -> None:
    done = run_without_io_uring(
        *("load", "--url", "http://127.0.0.1:9", "--reader", "io_uring", "--work-dir", tmp_path), *_LOAD
    )
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert done.stderr == (
        "error: --reader io_uring cannot be had here (Operation not permitted): it needs Linux 6.1, and a container that "
        "does not forbid it, as Docker's default seccomp profile does; use --reader auto or epoll\n"
    )
