"""Starts a command's children as forks of a process that is forked before the command begins: what they import is there.

Each is a child of the command, as if the command had started it: the kernel's CLONE_PARENT makes it a sibling of the
process that it is forked of.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import resource
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from aisbench.children import GC_THRESHOLD, child_command

WORKER = "aisbench.engine.crew.worker"
_COMMAND = "aisbench"
_MODULES = (WORKER, _COMMAND, "aisbench.simulator.referee")
_MOST_BYTES = 1 << 18
_MOST_FDS = 16
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE_PARENT, _CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID = 0x8000, 0x200000, 0x1000000
_PR_GET_TID_ADDRESS = 40


def end_with(run: Callable[[], object]) -> NoReturn:
    """Ends the process as an interpreter does after `run`.

    The modules are not taken apart, which would take longer than most commands.
    """
    code: int | None = 0
    try:
        run()
    except SystemExit as stop:
        if isinstance(stop.code, str):
            raise
        code = stop.code
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)
    sys.exit(code)


def variables_of_starts(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that change how an interpreter starts; only a child that is a new process has their effect."""
    return {name: value for name, value in environment.items() if name.startswith(("LD_", "PYTHON"))}


def fork_children_early() -> None:
    """From now on, children of this process that run a module of `_MODULES` are forked of what it is now."""
    if os.uname().machine not in _SYS_CLONE:
        return
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Ctrl-C is for the command, which may get it at any time.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    if os.fork() == 0:
        ours.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        _serve(theirs)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    theirs.close()
    _use(ours)


def _use(control: socket.socket) -> None:
    begin = subprocess.Popen._execute_child  # type: ignore[attr-defined]
    heads = {tuple(child_command(module)): module for module in _MODULES}
    here = variables_of_starts(os.environ)
    lock = threading.Lock()

    def started(popen: Any, args: Any, *rest: Any) -> None:
        _, preexec, _, pass_fds, cwd, env, *_ = rest
        module = heads.get(tuple(args[:4])) if isinstance(args, list) else None
        environment = dict(os.environ if env is None else env)
        if module is None or variables_of_starts(environment) != here:
            begin(popen, args, *rest)
            return
        streams = [given if given != -1 else fd for fd, given in enumerate((rest[9], rest[12], rest[14]))]
        request = {
            "argv": [module, *map(str, args[4:])],
            "environment": environment,
            "cwd": str(cwd or Path.cwd()),
            "fds": [0, 1, 2, *pass_fds],
            "preexec": preexec and [preexec.__module__, preexec.__qualname__],
            "session": rest[20],
            "files": resource.getrlimit(resource.RLIMIT_NOFILE),
            "cpus": sorted(os.sched_getaffinity(0)),
        }
        # Interrupted between the two, the command would take this answer for that to its next request.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            with lock:
                socket.send_fds(control, [json.dumps(request).encode()], [*streams, *pass_fds])
                popen.pid = int(control.recv(16))
            popen._child_created = True
            popen._close_pipe_fds(*rest[9:15])
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    subprocess.Popen._execute_child = started  # type: ignore[attr-defined]


def _serve(control: socket.socket) -> NoReturn:
    """Forks a child of the parent for each of its requests, until it has ended."""
    Path("/proc/self/comm").write_text("zygote")
    while True:
        message, fds = b"", list[int]()
        # Reset, as ended, where the parent was killed before it read an answer.
        with contextlib.suppress(ConnectionResetError):
            message, fds, _, _ = socket.recv_fds(control, _MOST_BYTES, _MOST_FDS)
        if not message:
            os._exit(0)
        pid = _fork_sibling()
        if pid == 0:
            _become(json.loads(message), fds)
        for fd in fds:
            os.close(fd)
        with contextlib.suppress(BrokenPipeError):
            control.send(str(pid).encode())


def _fork_sibling() -> int:
    """As os.fork, for a child of this process's parent."""
    libc = ctypes.PyDLL(None, use_errno=True)
    # Where the C library keeps the thread's number, for the kernel to write that of the new one; fork does the same.
    place = ctypes.c_void_p()
    flags = _CLONE_PARENT | signal.SIGCHLD
    if libc.prctl(_PR_GET_TID_ADDRESS, ctypes.byref(place), 0, 0, 0) == 0:
        flags |= _CLONE_CHILD_CLEARTID | _CLONE_CHILD_SETTID
    # Of its last two arguments, x86-64 has the thread's number first and others last: both are given.
    call = (ctypes.c_long(_SYS_CLONE[os.uname().machine]), ctypes.c_ulong(flags), None, None)
    ends = (place, None) if os.uname().machine == "x86_64" else (None, place)
    ctypes.pythonapi.PyOS_BeforeFork()
    pid: int = libc.syscall(*call, *ends)
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return pid


def _become(request: Mapping[str, Any], fds: list[int]) -> NoReturn:
    _keep_only(dict(zip(request["fds"], fds, strict=True)))
    # As a new interpreter has it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(GC_THRESHOLD)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    resource.setrlimit(resource.RLIMIT_NOFILE, request["files"])
    os.sched_setaffinity(0, request["cpus"])
    module, *_ = sys.argv = request["argv"]
    # By this name tests find it.
    Path("/proc/self/comm").write_text(module.split(".")[-1])
    if request["session"]:
        os.setsid()
    if request["preexec"]:
        holder, name = request["preexec"]
        getattr(importlib.import_module(holder), name)()
    if module == _COMMAND:
        fork_children_early()
    sys.modules.pop(module if module != _COMMAND else "aisbench.__main__", None)
    end_with(lambda: runpy.run_module(module, run_name="__main__", alter_sys=True))


def _keep_only(kept: Mapping[int, int]) -> None:
    """Gives this process's descriptors `kept` the numbers that are their keys, and closes all others."""
    above = max(*kept, *kept.values()) + 1
    moved = {number: fcntl.fcntl(fd, fcntl.F_DUPFD, above) for number, fd in kept.items()}
    for number, fd in moved.items():
        os.dup2(fd, number)
    first = 0
    for number in (*sorted(kept), os.sysconf("SC_OPEN_MAX")):
        # An empty range would close all.
        if number > first:
            os.closerange(first, number)
        first = number + 1
