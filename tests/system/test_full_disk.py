"""Disks without room, in every part of a run: one line, and what was written stays readable."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.system.disks import mounted_disk
from tests.system.running import (
    LOAD,
    environment,
    finish,
    kill,
    run_command,
    run_load,
    start_command,
    start_load,
    wait_for,
    wait_for_rows,
)

MIB = 1 << 20
REPORT = [sys.executable, "-m", "aisbench", "report"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 24 MiB."""
    with mounted_disk(tmp_path / "disk", 24 * MIB) as disk:
        yield disk


def fill(disk: Path) -> Path:
    """Takes all the room that is left, also where others take some of it meanwhile."""
    path = disk / "filler"
    with path.open("wb") as file:
        while free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize:
            with contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)
    return path


def one_line(text: str, *words: str) -> None:
    assert "Traceback" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("error: ")]
    for word in words:
        assert word in line, line


def limited(size: int, *args: object) -> subprocess.CompletedProcess[str]:
    """A command none of whose files may be larger than `size`: the error differs, what is done about it does not."""
    return subprocess.run(
        [*map(str, args)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


def test_prompts_for_which_there_is_no_room_leave_nothing(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    done = limited(
        MIB,
        *LOAD,
        "--work-dir",
        tmp_path,
        "--url",
        quick_simulator.url,
        "--num-requests",
        3000,
        "--no-progress",
    )
    assert done.returncode == 1
    one_line(done.stderr, "no room on the disk", "--work-dir")
    assert list(tmp_path.iterdir()) == []


def test_records_for_which_there_is_no_room_are_known_before_the_start(
    small_disk: Path, quick_simulator: SimulatorProcess
) -> None:
    quick_simulator.reset()
    args = ("--num-requests", 90_000, "--input-len", 2, "--output-len", 2, "--no-progress", "--workers", 1)
    done = run_load(small_disk / "runs", "--url", quick_simulator.url, *args)
    assert done.code == 1
    one_line(done.err, "the run did not start", "no room on the disk")
    assert quick_simulator.truth()["requests"] == 0


def test_a_disk_that_fills_up_ends_the_run_with_a_report(
    small_disk: Path, quick_simulator: SimulatorProcess
) -> None:
    args = ("--rate", 100, "--duration", 90, "--input-len", 8, "--output-len", 8, "--save-outputs")
    process = start_load(small_disk / "runs", "--url", quick_simulator.url, *args, "--no-progress")
    wait_for_rows(process, small_disk / "runs")
    fill(small_disk)
    done = finish(process, small_disk / "runs")
    assert done.code == 1, done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert "no room on the disk" in done.summary["outcome_reason"]
    assert done.summary["completed"] > 0


def test_a_report_for_which_there_is_no_room(
    small_disk: Path, tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    args = ("--rate", 100, "--num-requests", 2000, "--input-len", 8, "--output-len", 8)
    process = start_load(small_disk, "--url", quick_simulator.url, *args, "--no-progress")
    wait_for_rows(process, small_disk)
    kill(process)
    (folder,) = small_disk.iterdir()
    fill(small_disk)
    done = run_command("report", folder)
    assert done.returncode == 1
    one_line(done.stderr, "no room on the disk", str(folder), "--output")
    assert not list(folder.glob("*.part"))
    elsewhere = tmp_path / "elsewhere"
    done = run_command("report", folder, "--output", elsewhere)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "report.html").exists()
    assert len(Run.load(folder).rows) >= 30


def test_a_report_that_a_limit_of_the_files_size_cuts(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    args = ("--num-requests", 3, "--input-len", 8, "--output-len", 8)
    folder = run_load(tmp_path, "--url", quick_simulator.url, *args).folder
    whole = (folder / "report.html").read_bytes()
    done = limited(MIB // 2, *REPORT, folder)
    assert done.returncode == 1
    one_line(done.stderr, "no room on the disk", str(folder))
    assert (folder / "report.html").read_bytes() == whole


def test_a_container_s_small_shared_memory_is_no_limit(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    """What the workers share is in the run's folder, so docker needs no --shm-size."""
    without = "mount -t tmpfs -o size=4k,ro tmpfs /dev/shm && exec"
    unshared = ["unshare", "--mount", "sh", "-c", f'{without} "$@"', "sh"]
    if subprocess.run([*unshared, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespace can be made here")
    args = ("--num-requests", 30, "--concurrency", 4, "--workers", 2, "--input-len", 8, "--output-len", 4)
    done = subprocess.run(
        [*unshared, *LOAD, *map(str, ("--work-dir", tmp_path, "--url", quick_simulator.url, *args))],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_search_whose_disk_fills_up_ends_in_one_line(
    small_disk: Path, quick_simulator: SimulatorProcess
) -> None:
    process = start_command(
        *("saturate", "--over", "concurrency", "--sweep", "2,3,4,5", "--step", 1),
        *(
            "--url",
            quick_simulator.url,
            "--work-dir",
            small_disk / "runs",
            "--input-len",
            8,
            "--output-len",
            4,
        ),
    )
    wait_for(process, lambda: any((small_disk / "runs").glob("*/steps/*/summary.json")))
    fill(small_disk)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 1, out + err
    assert "Traceback" not in out + err
    assert "no room on the disk" in out + err
