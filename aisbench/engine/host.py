"""Counters of this host: CPU time, time spent waiting for a CPU, steal, throttling, memory."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisbench.engine.limits import cpus


def cpu_ns() -> int:
    """CPU time of this process, in ns. Not from getrusage, which counts in ticks and misses short runs."""
    return time.process_time_ns()


def runqueue_wait_ns() -> int:
    """How long this process was ready to run without a CPU, in ns (0 where the kernel does not say)."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _steal_ns() -> int:
    """Time that a hypervisor took from this machine's CPUs, summed over them, in ns."""
    try:
        first = Path("/proc/stat").read_text().split("\n", 1)[0].split()
        return int(first[8]) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0


def _throttled_ns() -> int:
    """Time that the CPU quota of this control group held it back, in ns (0 without a quota)."""
    try:
        for line in Path("/sys/fs/cgroup/cpu.stat").read_text().splitlines():
            name, value = line.split()
            if name == "throttled_usec":
                return int(value) * 1000
    except (OSError, ValueError):
        pass
    return 0


def peak_rss_bytes() -> int:
    """This process's peak resident memory, in bytes."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


@dataclass(frozen=True)
class HostCounters:
    """Steal and throttling up to one moment, in ns."""

    steal_ns: int
    throttled_ns: int

    @staticmethod
    def now() -> HostCounters:
        return HostCounters(_steal_ns(), _throttled_ns())

    def facts_since(self) -> dict[str, Any]:
        """run.json's `host`: the machine, and its steal and throttling since that moment."""
        now = HostCounters.now()
        return {
            "cpus": cpus(),
            "steal_ns": now.steal_ns - self.steal_ns,
            "throttled_ns": now.throttled_ns - self.throttled_ns,
            "kernel": platform.release(),
        }
