"""The script that runs a model's code in a separate process, after confining itself.

It imports nothing from this package, so that it starts fast. It reads a JSON object with `program`, `token` and the
limits from stdin. On stdout it writes `token` if the program ran to its end, and otherwise the reason. It is confined,
from the outside in, by

- kernel limits on CPU time, memory, file size and open files;
- separate namespaces, if the system permits them: no network, every file system read-only except the working folder,
  and no access to the environment of other processes;
- no capabilities, even if root runs it;
- rules for files (Landlock), if the kernel has them: only Python, the system's libraries and the working folder can be
  opened;
- a filter of system calls (seccomp): no sockets, no new processes, no signals to others, none of their files, no changes
  of their limits and priorities, no changes of mounts. Without the filter, nothing is run.

This protects against faulty code, not against code written to break out, nor against code that looks for the token.
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

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_VERSION, _LANDLOCK_PATH_BENEATH = 1, 1
# Rights to files by Landlock's version: all rights known to version 1, then REFER, TRUNCATE and IOCTL_DEV.
_ALL_RIGHTS, _LATER_RIGHTS = (1 << 13) - 1, ((2, 13), (3, 14), (5, 15))
_READ, _READ_WRITE = 1 << 2 | 1 << 3, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 14
# Of a rule for a single file, the others are refused: EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV.
_OF_FILES = 1 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
# Connections to and from TCP ports (from version 4); abstract sockets and signals (from version 6).
_LANDLOCK_NET, _LANDLOCK_SCOPED = 3, 3
# What the standard library, numpy and the loader read.
_READABLE = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types"),
    *("/dev/zero", "/dev/random", "/dev/urandom", "/proc/self", "/proc/cpuinfo", "/proc/meminfo"),
    "/sys/devices/system/cpu",
)

# System call numbers. From 424 on they are the same on all machines: pidfd_send_signal, io_uring_setup (whose rings open
# sockets), the newer calls that change mounts (open_tree, move_mount, fsopen, mount_setattr), pidfd_getfd (which takes
# a file from another process), and process_madvise.
_NEWER = (424, 425, 428, 429, 430, 442, 438, 440)
# By machine: the audit architecture, clone, the calls that may only name the process itself (prlimit64,
# sched_setaffinity), and the refused calls: socket, fork, vfork, execve, execveat, kill, tkill, tgkill, rt_sigqueueinfo,
# rt_tgsigqueueinfo, ptrace, process_vm_readv, process_vm_writev, kcmp, unshare, setns, mount, umount2, pivot_root, chroot,
# setpriority, sched_setparam, sched_setscheduler, sched_setattr, ioprio_set, migrate_pages, move_pages, shmget, semget,
# msgget, mq_open, add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd.
_MACHINES = {
    "x86_64": (
        0xC000003E,
        56,
        (302, 203),
        (
            *(41, 57, 58, 59, 322, 62, 200, 234, 129, 297, 101, 310, 311, 312, 272, 308, 165, 166, 155, 161),
            *(141, 142, 144, 314, 251, 256, 279, 29, 64, 68, 240, 248, 249, 250, 321, 298, 323),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        (261, 122),
        (
            *(198, 221, 281, 129, 130, 131, 138, 240, 117, 270, 271, 272, 97, 268, 40, 39, 41, 51),
            *(140, 118, 119, 274, 30, 238, 239, 194, 190, 186, 180, 217, 218, 219, 280, 241, 282),
        ),
    ),
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


def _drop_capabilities() -> None:
    """Raises OSError if they cannot be dropped."""
    # struct __user_cap_header_struct of version 3, and two empty sets of effective, permitted and inheritable ones.
    if _libc.capset(struct.pack("Ii", 0x20080522, 0), bytes(24)):
        raise OSError(ctypes.get_errno(), "capset")


def _restrict_files(folder: str) -> None:
    """Raises OSError if the kernel has no Landlock; it is not the only thing that confines the process."""
    version = _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _LANDLOCK_VERSION)
    if version < 1:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    every = _ALL_RIGHTS | sum(1 << bit for since, bit in _LATER_RIGHTS if version >= since)
    attributes = struct.pack("QQQ", every, _LANDLOCK_NET, _LANDLOCK_SCOPED)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = _libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0)
    if rules < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    packages = [path for path in sys.path if path.endswith("-packages")]
    readable = (*_READABLE, sys.prefix, sys.base_prefix, *packages)
    for path, rights in (*((path, _READ) for path in readable), (os.devnull, _READ_WRITE), (folder, every)):
        with contextlib.suppress(FileNotFoundError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = rights & every & (every if os.path.isdir(path) else _OF_FILES)
            failed = _libc.syscall(
                _LANDLOCK_ADD, rules, _LANDLOCK_PATH_BENEATH, struct.pack("=Qi", allowed, place), 0
            )
            os.close(place)
            if failed:
                raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or _libc.syscall(_LANDLOCK_RESTRICT, rules, 0):
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(rules)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _filter_calls() -> None:
    """Raises OSError if the kernel has no such filter, or if _MACHINES lacks this machine."""
    if platform.machine() not in _MACHINES:
        raise OSError(errno.ENOTSUP, f"no list of system calls for {platform.machine()}")
    architecture, clone, of_itself, refused = _MACHINES[platform.machine()]
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
    for call in of_itself:
        # 0 stands for the process itself.
        program += [
            _instruction(equal, call, 0, 4),
            _instruction(load, 16),
            _instruction(equal, 0, 0, 1),
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
        _drop_capabilities()
        with contextlib.suppress(OSError):
            _restrict_files(os.getcwd())
        _filter_calls()
    except (OSError, ValueError) as problem:
        os.write(out, json.dumps({"unconfined": str(problem)}).encode())
        return
    # The program may replace functions of these modules, for its own ends or by mistake.
    passed, encoded = json.dumps({"token": asked.pop("token")}).encode(), json.JSONEncoder().encode
    write, leave = os.write, os._exit
    problem_found = _run(asked["program"])
    write(out, passed if problem_found is None else encoded({"problem": problem_found}).encode())
    # Skips the interpreter's shutdown, which would run exit handlers of the program.
    leave(0)


if __name__ == "__main__":
    main()
