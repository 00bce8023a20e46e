"""Folders that cannot be written to, or that vanish while a command works in them: one line each, and no traceback."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aisbench.cli.commands import group
from aisbench.errors import BadInput
from aisbench.simulator.process import SimulatorProcess
from tests.system.disks import mounted_disk
from tests.system.running import run_load, start_command, wait_for

SHORT = ("--input-len", 4, "--output-len", 2, "--no-progress")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, quick_simulator: SimulatorProcess) -> Path:
    args = ("--url", quick_simulator.url, "--num-requests", 3, *SHORT)
    return run_load(tmp_path_factory.mktemp("runs"), *args).folder


@pytest.fixture
def read_only(tmp_path: Path, run: Path) -> Iterator[Path]:
    """A file system that cannot be written to, with the folder `run`; for root as well, who ignores the modes of files."""
    with mounted_disk(tmp_path / "disk", 32 << 20) as disk:
        shutil.copytree(run, disk / "run")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        yield disk


def one_line(text: str, *words: str) -> None:
    assert "Traceback" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("error: ")]
    for word in words:
        assert word in line, line


def test_commands_on_a_read_only_disk_end_in_one_line(
    read_only: Path, tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    run, x, url = read_only / "run", read_only / "x", ("--url", quick_simulator.url)
    data = tmp_path / "gsm8k"
    data.mkdir()
    (data / "test.jsonl").write_text('{"question": "1 + 1?", "answer": "#### 2"}\n')
    (tmp_path / "s.jsonl").write_text('{"messages": [{"role": "user", "content": "hello"}]}\n')
    for command, named in (
        (("load", *url, "--work-dir", x, "--num-requests", 3), "--work-dir"),
        (("load", *url, "--save-result", "--result-dir", x, "--work-dir", tmp_path / "a"), "--result-dir"),
        (("saturate", *url, "--work-dir", x, "--over", "concurrency", "--sweep", "1"), "--work-dir"),
        (("sweep", *url, "--work-dir", x, "--grid", "concurrency=1", "--num-requests", 3), "--work-dir"),
        (
            *(("eval", *url, "--work-dir", x, "--datasets", "gsm8k", "--dataset-path", tmp_path),),
            "--work-dir",
        ),
        (("report", run), "--output"),
        (("report", run, "--output", x), str(x)),
        (("compare", run, run, "--output", x), "--output"),
        (("plot", run, "--chart", "cdf", "--output", x / "c.svg"), "--output"),
        (("plan", "--rate", 5, "--duration", 5, "--output", x / "p.html"), "--output"),
        (("workload", "export", "--rate", 9, "--num-requests", 5, "--model", "M", "--output", x), "--output"),
        (("workload", "import", tmp_path / "s.jsonl", "--output", x), "--output"),
        (("workload", "describe", tmp_path / "s.jsonl", "--page", x), "--page"),
    ):
        problem = CliRunner().invoke(group, [*map(str, command)], standalone_mode=False).exception
        assert isinstance(problem, BadInput | click.ClickException), (command, problem)
        assert named in str(problem)
        assert "nknown option" not in str(problem)
    assert not (tmp_path / "a").exists()


def test_a_search_whose_folder_vanishes_ends_in_one_line(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    search = ("--over", "concurrency", "--sweep", "1,2", "--step", 1, "--input-len", 4, "--output-len", 2)
    process = start_command("saturate", "--url", quick_simulator.url, *search, "--work-dir", tmp_path)
    wait_for(process, lambda: any(tmp_path.glob("*/steps/*/summary.json")))
    (folder,) = tmp_path.iterdir()
    folder.rename(tmp_path / "moved")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, out + err
    one_line(err, str(folder))
