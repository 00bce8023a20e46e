"""A model's program runs confined, within limits, and passes only if it ran to its end."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from aisbench.accuracy.scoring.code import run
from aisbench.accuracy.scoring.code.run import Limits, problem_of
from aisbench.errors import CannotRun

# Short, so that endless programs do not hold up the tests; starting Python takes a small part of it.
SHORT = Limits(wall_s=20, cpu_s=1)


def test_a_program_that_runs_to_its_end_passes() -> None:
    assert problem_of("assert sorted([3, 1]) == [1, 3]") is None


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("assert 1 + 1 == 3, 'sum'", "AssertionError: sum"),
        ("def f(:", "SyntaxError"),
        ("while True: pass", "SIGXCPU"),
        ("import time; time.sleep(100)", "longer than 2 s"),
        ("held = [0] * 10**10", "MemoryError"),
        ("def f(): return f()\nf()", "RecursionError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import os; os._exit(0)", "exit code 0"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("open('big', 'w').write('x' * 10**8)", "File too large"),
        ("raise ValueError('x' * 10**7)", "ValueError: xxx"),
        ("class E(Exception):\n def __str__(self): return 1 / 0\nraise E", "E"),
    ],
)
def test_why_a_program_does_not_pass(program: str, problem: str) -> None:
    limits = Limits(wall_s=2, cpu_s=1) if "sleep" in program else SHORT
    found = problem_of(program, limits)
    assert found is not None
    assert problem in found
    assert len(found) <= 1000


@pytest.mark.parametrize(
    "program",
    [
        "import os\nwhile True: os.fork()",
        "import subprocess; subprocess.run(['true'])",
        "import multiprocessing\np = multiprocessing.get_context('fork').Process(target=print)\np.start()",
        "import socket; socket.socket()",
        "import os; os.kill(os.getppid(), 9)",
        "import os; os.execv('/bin/true', ['true'])",
    ],
)
def test_processes_sockets_and_signals_are_refused(program: str) -> None:
    assert "PermissionError" in str(problem_of(program, SHORT))


def test_a_listening_server_sees_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        assert problem_of(f"import socket; socket.create_connection(('127.0.0.1', {port}))", SHORT)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_much_output_is_thrown_away() -> None:
    assert problem_of("print('x' * 10**7)\nimport sys; sys.stderr.write('y' * 10**7)", SHORT) is None


def test_threads_and_the_standard_library_work() -> None:
    assert (
        problem_of(
            "import asyncio, threading\nt = threading.Thread(target=len, args=('',)); t.start(); t.join()\n"
            "async def one(): return 1\nassert asyncio.run(one()) == 1",
            SHORT,
        )
        is None
    )


def test_the_environment_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISBENCH_API_KEY", "secret")
    assert problem_of("import os; assert 'AISBENCH_API_KEY' not in os.environ", SHORT) is None


def test_the_working_folder_is_its_own_and_goes_away() -> None:
    # What it raises is all that it can say.
    where = str(problem_of("import os; open('kept', 'w').write('x'); raise ValueError(os.getcwd())", SHORT))
    folder = Path(where.removeprefix("ValueError: "))
    assert folder != Path.cwd()
    assert not folder.exists()


def test_hashes_are_the_same_each_time() -> None:
    program = "raise ValueError(hash('word'))"
    assert problem_of(program, SHORT) == problem_of(program, SHORT)


def test_nothing_runs_unconfined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a machine without a list of system calls, the program is refused before it starts."""
    script = tmp_path / "confined.py"
    text = run._CONFINED.read_text().replace('"x86_64"', '"other"').replace('"aarch64"', '"another"')
    script.write_text(text)
    monkeypatch.setattr(run, "_CONFINED", script)
    left = tmp_path / "left"
    with pytest.raises(CannotRun, match="code cannot be confined on this system"):
        problem_of(f"open({str(left)!r}, 'w')", SHORT)
    assert not left.exists()


def test_what_is_said_without_the_token_does_not_pass() -> None:
    said = "import os, json\nfor fd in range(3, 60):\n try: os.write(fd, json.dumps({'token': 'x'}).encode())\n except OSError: pass\nos._exit(0)"
    assert problem_of(said, SHORT) == "it gave no result"


def test_other_processes_environments_cannot_be_read() -> None:
    if not _namespaces_permitted():
        pytest.skip("this system permits no namespaces")
    found = str(problem_of("import os; open(f'/proc/{os.getppid()}/environ').read()", SHORT))
    assert "PermissionError" in found


def test_files_outside_the_working_folder_cannot_be_written(tmp_path: Path) -> None:
    if not _namespaces_permitted():
        pytest.skip("this system permits no namespaces")
    left = tmp_path / "left"
    assert "Read-only" in str(problem_of(f"open({str(left)!r}, 'w')", SHORT))
    assert not left.exists()


def _namespaces_permitted() -> bool:
    """Whether the confined process's user is alone in its namespace, by the file in which the kernel says so."""
    found = str(problem_of("raise ValueError(open('/proc/self/uid_map').read().split()[2])", SHORT))
    own = json.loads(found.removeprefix("ValueError: "))
    return bool(own == 1) and os.path.exists("/proc/self/ns/user")
