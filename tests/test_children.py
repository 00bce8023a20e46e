"""Child processes run their parent's package, and report in one line why they cannot start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import aisbench
from aisbench.children import child_command, child_environment, keep_numpy_single, last_words
from aisbench.errors import CannotRun
from aisbench.simulator.process import start_simulator
from aisbench.simulator.referee import start_referee
from tests.system.running import environment

HERE = Path(aisbench.__file__).parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with another aisbench that cannot be used, such as a clone that was never built."""
    (tmp_path / "aisbench").mkdir()
    (tmp_path / "aisbench" / "__init__.py").write_text("raise ImportError('the wrong package')")
    return tmp_path


def started_in(folder: Path, program: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with this package and `folder` as the current folder, as an installed command does."""
    return subprocess.run(
        [sys.executable, "-P", "-c", program, *args],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(HERE)},
        check=False,
    )


def test_a_run_in_a_clone_uses_the_package_of_its_parent(clone: Path) -> None:
    done = started_in(
        clone,
        "from aisbench.cli.main import load_main; load_main()",
        *(
            "--num-requests",
            "3",
            "--input-len",
            "4",
            "--output-len",
            "3",
            "--concurrency",
            "3",
            "--no-progress",
        ),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_referee_in_a_clone_is_that_of_its_parent(clone: Path) -> None:
    program = (
        "from aisbench.simulator.referee import start_referee\n"
        "with start_referee(ttft_us=0, itl_us=0, tokens=1) as referee: print(referee.truth()['requests'])"
    )
    done = started_in(clone, program)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


def test_a_package_that_only_the_current_folder_leads_to_is_found(tmp_path: Path) -> None:
    (tmp_path / "aisbench").symlink_to(HERE / "aisbench")
    program = (
        "import sys; sys.path.insert(0, '')\n"
        "from aisbench.simulator.process import start_simulator\n"
        "with start_simulator([]) as simulator: print(len(simulator.get('/health')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every child end in a traceback before it has done anything."""
    for module in ("click", "tempfile"):
        (tmp_path / f"{module}.py").write_text("raise ImportError('it is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("broken")
def test_a_simulator_that_does_not_start_says_its_last_line() -> None:
    with pytest.raises(CannotRun) as raised, start_simulator([]):
        pass
    assert str(raised.value) == "the simulator did not start: ImportError: it is broken"


@pytest.mark.usefixtures("broken")
def test_a_referee_that_does_not_start_says_its_last_line() -> None:
    with pytest.raises(CannotRun) as raised, start_referee(ttft_us=0, itl_us=0, tokens=1, cpu=0):
        pass
    assert str(raised.value) == "the referee did not start: ImportError: it is broken"


def test_workers_that_do_not_start_are_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aisbench", "load", "--work-dir", str(tmp_path), "--no-progress"],
        capture_output=True,
        text=True,
        env={**environment(), "AISBENCH_WORKER_HOOK": "nowhere.at_all:hook"},
        check=False,
    )
    assert done.returncode == 1
    # The notes on the simulator and the prompts come before it.
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
    assert "Traceback" not in done.stderr
    assert line.startswith("error: the run did not start: worker 0 died (exit code 1: ModuleNotFoundError: ")
    assert "nowhere" in line
    assert line.endswith(f"see logs/worker-0.log in {next(tmp_path.iterdir())}")


def test_children_are_not_handed_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1234567890")
    assert "sk-1234567890" not in child_environment().values()


def test_the_current_folder_is_not_on_a_childs_path() -> None:
    assert child_command("aisbench", 1)[1:] == ["-P", str(HERE / "aisbench" / "children.py"), "aisbench", "1"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (b"", ""),
        (b"Traceback (most recent call last):\n  File\nValueError: so\n\n", "ValueError: so"),
        (b"error: --jitter -1 is negative\n", "--jitter -1 is negative"),
    ],
)
def test_last_words(output: bytes, said: str) -> None:
    assert last_words(output) == said


def test_sources_that_were_not_built_say_so(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("*.so", "*.c", "__pycache__")
    shutil.copytree(HERE / "aisbench", tmp_path / "aisbench", ignore=ignored)
    done = subprocess.run(
        [sys.executable, "-m", "aisbench", "load"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={name: value for name, value in environment().items() if name != "PYTHONPATH"},
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: the aisbench in {tmp_path / 'aisbench'} is not built")


@pytest.mark.parametrize(("given", "passed_on"), [(None, "1"), ("3", "3")])
def test_numpy_starts_no_threads_unless_the_user_asks(
    given: str | None, passed_on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", given)
    assert child_environment()["OPENBLAS_NUM_THREADS"] == passed_on
    keep_numpy_single()
    assert os.environ["OPENBLAS_NUM_THREADS"] == passed_on
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
