"""The script that runs a model's code in a separate process, after confining itself.

It imports nothing from this package, so that it starts fast. It reads a JSON object with `program`, `token` and the
limits from stdin. On stdout it writes `token` if the program ran to its end, and otherwise the reason. It is confined,
from the outside in, by

- kernel limits on CPU time, memory, file size and open files;
- separate namespaces, if the system permits them: no network, every file system read-only except the working folder,
  and no access to the environment of other processes;
- a filter of system calls (seccomp): no sockets, no new processes, no signals to others, no changes of mounts. Without
  the filter, nothing is run.

This protects against faulty code, not against code written to break out.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import platform
import resource
import struct
import sys
from typing import Any

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x20000, 0x8000000, 0x10000000, 0x40000000
_CLONE_THREAD = 0x10000
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 2, 4, 0x4000, 0x40000
_MOUNT_SETATTR, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, 0x8000, 1
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS

# System call numbers. From 424 on they are the same on all machines: signals by pidfd, io_uring (which opens sockets),
# and the newer calls that change mounts.
_NEWER = (424, 425, 428, 429, 430, 442)
# By machine: the audit architecture, clone, and the refused calls: socket, fork, vfork, execve, execveat, kill, tkill,
# tgkill, ptrace, process_vm_writev, unshare, setns, mount, umount2, pivot_root, chroot.
_MACHINES = {
    "x86_64": (
        0xC000003E,
        56,
        (41, 57, 58, 59, 322, 62, 200, 234, 101, 311, 272, 308, 165, 166, 155, 161),
    ),
    "aarch64": (0xC00000B7, 220, (198, 221, 281, 129, 130, 131, 117, 271, 97, 268, 40, 39, 41, 51)),
}
_CLONE3 = 435
_X32_CALLS = 0x40000000
# The longest reason that is reported, in characters.
_REASON = 1000

_libc = ctypes.CDLL(None, use_errno=True)


def _limit(limits: dict[str, int]) -> None:
    for name, value in (
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(name)
        least = value if most == resource.RLIM_INFINITY else min(value, most)
        # The soft limit of CPU time sends SIGXCPU, whose name explains the end; SIGKILL follows a second later.
        grace = 1 if name == resource.RLIMIT_CPU and least == value else 0
        resource.setrlimit(name, (least, least + grace))


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _own_namespaces(folder: str, file_bytes: int) -> None:
    """Raises OSError if the system does not permit namespaces; the filter of system calls suffices then."""
    user, group = os.getuid(), os.getgid()
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWNS | _CLONE_NEWIPC):
        raise OSError(ctypes.get_errno(), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    if _libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "mount")
    read_only = ctypes.create_string_buffer(struct.pack("QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0))
    if _libc.syscall(_MOUNT_SETATTR, -100, b"/", _AT_RECURSIVE, read_only, 32):
        raise OSError(ctypes.get_errno(), "mount_setattr")
    size = f"size={4 * file_bytes},nr_inodes=10000".encode()
    if _libc.mount(b"tmpfs", folder.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, size):
        raise OSError(ctypes.get_errno(), "mount")
    os.chdir(folder)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _filter_calls() -> None:
    """Raises OSError if the kernel has no such filter, or if _MACHINES lacks this machine."""
    if platform.machine() not in _MACHINES:
        raise OSError(errno.ENOTSUP, f"no list of system calls for {platform.machine()}")
    architecture, clone, refused = _MACHINES[platform.machine()]
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    program = [
        _instruction(load, 4),
        _instruction(equal, architecture, 1, 0),
        _instruction(give, _REFUSE),
        _instruction(load, 0),
        _instruction(at_least, _X32_CALLS, 0, 1),
        _instruction(give, _REFUSE),
        # Without clone3 the C library uses clone, whose flags the filter can check.
        _instruction(equal, _CLONE3, 0, 1),
        _instruction(give, _UNKNOWN),
        _instruction(equal, clone, 0, 4),
        _instruction(load, 16),
        _instruction(any_bit, _CLONE_THREAD, 0, 1),
        _instruction(give, _ALLOW),
        _instruction(give, _REFUSE),
    ]
    for call in (*refused, *_NEWER):
        program += [_instruction(equal, call, 0, 1), _instruction(give, _REFUSE)]
    program.append(_instruction(give, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(program))
    described = ctypes.create_string_buffer(
        struct.pack("H6xQ", len(program), ctypes.addressof(code))
    )  # struct sock_fprog
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or _libc.prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, described, 0, 0
    ):
        raise OSError(ctypes.get_errno(), "prctl")


def _run(program: str) -> str | None:
    """Runs the program. Returns why it did not reach its end; None if it did."""
    try:
        exec(compile(program, "answer.py", "exec"), {"__name__": "__main__"})
    except SystemExit:
        return "SystemExit: it ended before the tests did"
    except BaseException as problem:
        # The text of an exception is arbitrary: it may be long, or raise another exception.
        with contextlib.suppress(BaseException):
            return f"{type(problem).__name__}: {problem}"[:_REASON]
        return type(problem).__name__
    return None


def main() -> None:
    asked: dict[str, Any] = json.load(sys.stdin)
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    with contextlib.suppress(OSError):
        _own_namespaces(os.getcwd(), asked["file_bytes"])
    try:
        _limit(asked)
        _filter_calls()
    except (OSError, ValueError) as problem:
        os.write(out, json.dumps({"unconfined": str(problem)}).encode())
        return
    problem_found = _run(asked["program"])
    said = {"token": asked["token"]} if problem_found is None else {"problem": problem_found}
    os.write(out, json.dumps(said).encode())
    # Skips the interpreter's shutdown, which would run exit handlers of the program.
    os._exit(0)


main()
