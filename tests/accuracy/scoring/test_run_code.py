"""A model's program runs confined, within limits, and passes only if it ran to its end."""

from __future__ import annotations

import ctypes
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


# Each of these must fail with an OSError. `call(number, ...)` is a system call, `parent` the process that scores.
ESCAPES = {
    "read the passwords": "open('/etc/passwd')",
    "read a home": "os.listdir(os.path.expanduser('~root'))",
    "read the parent's environment": "open(f'/proc/{parent}/environ')",
    "read the parent's memory": "open(f'/proc/{parent}/mem', 'rb')",
    "read the parent's command line": "open(f'/proc/{parent}/cmdline')",
    "read the parent's memory by a call": "call(READV, parent, 0, 0, 0, 0, 0)",
    "write beside the folder": "open('../left', 'w')",
    "write where all may": "open('/dev/shm/left', 'w')",
    "write through a link": "(os.symlink('/var/tmp', 'link'), open('link/left', 'w'))",
    "keep a hard link": "os.link('/etc/hostname', 'kept')",
    "change a mode": "os.chmod('/tmp', 0o777)",
    "change the host's name": "open('/proc/sys/kernel/hostname', 'w').write('x')",
    "write to itself from outside": "open('/proc/self/mem', 'r+b')",
    "a device": "open('/dev/kmsg')",
    "IPv4": "socket.socket()",
    "IPv6": "socket.socket(socket.AF_INET6)",
    "a socket of this host": "socket.socket(socket.AF_UNIX)",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "a virtual machine's host": "socket.socket(socket.AF_VSOCK)",
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "another program": "os.execv('/bin/true', ['true'])",
    "a program in memory": "os.execve(os.memfd_create('x'), ['x'], {})",
    "clone3": "call(435, 0, 0)",
    "namespaces": "unshare(0x10000000)",
    "a mount": "mount(b'x', b'/tmp', b'tmpfs', 0, 0)",
    "a mount, the new way": "call(428, -100, b'/', 1)",
    "io_uring": "call(425, 8, bytes(200))",
    # Of the parent of an ordinary user; here of itself, as root's parent has more capabilities, which suffices.
    "take a file of a process": "call(438, os.pidfd_open(os.getpid()), 0, 0)",
    "advise a process's memory": "call(440, os.pidfd_open(os.getpid()), 0, 0, 20, 0)",
    "kill the parent": "os.kill(parent, 9)",
    "kill everything": "os.kill(-1, 9)",
    "kill the group": "os.killpg(0, 9)",
    "a signal by descriptor": "signal.pidfd_send_signal(os.pidfd_open(parent), 0)",
    "a queued signal": "sigqueue(parent, 0, 0)",
    "trace the parent": "ptrace(16, parent, 0, 0)",
    "limit the parent": "resource.prlimit(parent, resource.RLIMIT_NOFILE, (10, 10))",
    "slow the parent down": "os.setpriority(os.PRIO_PROCESS, parent, 19)",
    "move the parent": "os.sched_setaffinity(parent, {0})",
    "shared memory that stays": "shmget(0, 4096, 0o1600)",
    "keys of the session": "keyctl(0, -3, 0)",
    "a large file in memory": "os.ftruncate(os.memfd_create('x'), 1 << 40)",
    "a full disk": "[open(f'f{i}', 'wb').write(bytes(1 << 24)) for i in range(9)]",
    "all descriptors": "[os.open('/dev/null', 0) for _ in range(99)]",
}
_TRY = """
import ctypes, os, resource, signal, socket
parent, libc = os.getppid(), ctypes.CDLL(None, use_errno=True)
READV = {'x86_64': 310, 'aarch64': 270}[os.uname().machine]
def answered(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), 'refused')
call = lambda *given: answered(libc.syscall(*given))
unshare, mount, sigqueue, ptrace, shmget = (
    lambda *given, f=getattr(libc, name): answered(f(*given))
    for name in ('unshare', 'mount', 'sigqueue', 'ptrace', 'shmget')
)
keyctl = lambda *given: call({'x86_64': 250, 'aarch64': 219}[os.uname().machine], *given)
through = []
for name, escape in ESCAPES.items():
    try:
        eval(escape)
    except OSError:
        continue
    through.append(name)
assert not through, through
"""


def test_ways_out_are_closed() -> None:
    if not _namespaces_permitted():
        pytest.skip("this system permits no namespaces")
    assert problem_of(f"ESCAPES = {ESCAPES!r}\n{_TRY}", SHORT) is None


def test_rules_for_files_hold_without_namespaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if ctypes.CDLL(None).syscall(444, None, 0, 1) < 1:
        pytest.skip("this kernel has no Landlock")
    script = tmp_path / "confined.py"
    script.write_text(run._CONFINED.read_text().replace("_own_namespaces(os.getcwd()", "print(os.getcwd()"))
    monkeypatch.setattr(run, "_CONFINED", script)
    # What a file system of its own sets, and what belongs to the machine as a whole.
    own = ("a full disk", "change a mode")
    left = {name: one for name, one in ESCAPES.items() if name not in own}
    assert problem_of(f"open('mine', 'w').write('x')\nESCAPES = {left!r}\n{_TRY}", SHORT) is None


def test_the_filter_alone_keeps_programs_from_other_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a system without namespaces and rules for files."""
    script = tmp_path / "confined.py"
    text = run._CONFINED.read_text()
    for outer in ("_own_namespaces(os.getcwd()", "_restrict_files(os.getcwd()"):
        assert outer in text
        text = text.replace(outer, "print(os.getcwd()")
    script.write_text(text)
    monkeypatch.setattr(run, "_CONFINED", script)
    # What only rules for files refuse.
    files = ("/proc/{parent}", "open('", "os.link", "os.listdir", "os.chmod")
    left = {name: one for name, one in ESCAPES.items() if not any(word in one for word in files)}
    del left["a full disk"]
    assert len(left) > 25
    assert problem_of(f"ESCAPES = {left!r}\n{_TRY}", SHORT) is None


@pytest.mark.parametrize(
    "program",
    [
        "import atexit; atexit.register(print); raise SystemExit(0)",
        "import threading, os, time; threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(9)",
        "import json; json.dumps = lambda *_: '{\"token\": 1}'; assert False",
        "import os; os.write = os._exit = print; assert False",
        "import builtins; builtins.AssertionError = KeyboardInterrupt; assert False",
        "import sys; sys.settrace(lambda *_: None); sys.excepthook = print; assert False",
        "import sys; sys.modules['__main__'].__dict__.clear(); assert False",
        "import os\nfor fd in range(3, 9):\n try: os.set_blocking(fd, False); os.write(fd, b'x' * 10**7)\n except OSError: pass\nassert False",
        "import threading, time\nfor _ in range(10**4): threading.Thread(target=time.sleep, args=(99,)).start()",
    ],
)
def test_tricks_do_not_pass(program: str) -> None:
    assert problem_of(program, SHORT) is not None


def test_a_program_that_replaces_our_functions_may_pass() -> None:
    assert problem_of("import json, os; json.dumps = os.write = os._exit = None", SHORT) is None


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
