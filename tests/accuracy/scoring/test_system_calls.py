"""The filter's numbers of system calls are those of the kernel's own headers, for each machine that it knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aisbench.accuracy.scoring.code import confined

# aarch64 has the kernel's generic numbers.
_HEADERS = {
    "x86_64": "x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "asm-generic/unistd.h",
}
# Their value of e_machine (linux/elf-em.h), which with the bits for 64 bits and little endian is the audit architecture.
_ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
_64_BITS, _LITTLE_ENDIAN = 0x80000000, 0x40000000
_OF_ITSELF = ("prlimit64", "sched_setaffinity")
_REFUSED = (
    # Sockets and processes. Machines with the generic numbers have clone for fork and vfork.
    *("socket", "fork", "vfork", "execve", "execveat"),
    # Other processes: signals, memory, scheduling.
    *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "ptrace", "process_vm_readv"),
    *("process_vm_writev", "kcmp", "setpriority", "sched_setparam", "sched_setscheduler", "sched_setattr"),
    *("ioprio_set", "migrate_pages", "move_pages", "perf_event_open"),
    # The system: namespaces, mounts, and what outlasts the process.
    *(
        "unshare",
        "setns",
        "mount",
        "umount2",
        "pivot_root",
        "chroot",
        "shmget",
        "semget",
        "msgget",
        "mq_open",
    ),
    *("add_key", "request_key", "keyctl", "bpf", "userfaultfd"),
)
_NEWER = (
    *("pidfd_send_signal", "pidfd_getfd", "process_madvise", "io_uring_setup"),
    *("open_tree", "move_mount", "fsopen", "mount_setattr"),
)


def numbers(machine: str) -> dict[str, int]:
    """By name, the system calls of a machine; the test is skipped without the kernel's headers."""
    for folder in (Path("/usr/include"), Path(f"/usr/{machine}-linux-gnu/include")):
        header = folder / _HEADERS[machine]
        if header.exists():
            found = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", header.read_text(), re.MULTILINE)
            return {name: int(number) for name, number in found}
    pytest.skip(f"{_HEADERS[machine]} is not installed (linux-libc-dev)")


@pytest.mark.parametrize("machine", confined._MACHINES)
def test_the_numbers_of_a_machine(machine: str) -> None:
    named = numbers(machine)
    architecture, clone, of_itself, refused = confined._MACHINES[machine]
    assert architecture == _ELF_MACHINES[machine] | _64_BITS | _LITTLE_ENDIAN
    assert clone == named["clone"]
    assert of_itself == tuple(named[name] for name in _OF_ITSELF)
    absent = {name for name in _REFUSED if name not in named}
    assert absent == ({"fork", "vfork"} if machine == "aarch64" else set())
    assert sorted(refused) == sorted(named[name] for name in _REFUSED if name not in absent)


@pytest.mark.parametrize("machine", confined._MACHINES)
def test_the_numbers_that_all_machines_share(machine: str) -> None:
    named = numbers(machine)
    assert sorted(confined._NEWER) == sorted(named[name] for name in _NEWER)
    assert named["clone3"] == confined._CLONE3
    assert named["mount_setattr"] == confined._MOUNT_SETATTR
    assert named["landlock_create_ruleset"] == confined._LANDLOCK_CREATE
    assert named["landlock_add_rule"] == confined._LANDLOCK_ADD
    assert named["landlock_restrict_self"] == confined._LANDLOCK_RESTRICT
