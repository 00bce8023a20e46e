"""What a figure was measured of, and where: the commit and the machine."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from bench.harness import ROOT


def commit(folder: Path = ROOT, *, apart_from: str = "bench/history.csv") -> str:
    """The short hash of the checkout's commit, with a + if tracked files have changed since, `apart_from` one of them.

    Raises RuntimeError outside a repository.
    """
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".", f":!{apart_from}")
    return _git(folder, "rev-parse", "--short=10", "HEAD") + ("+" if changed else "")


def _git(folder: Path, *args: str) -> str:
    try:
        done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=False)
    except OSError as problem:
        raise RuntimeError(f"git cannot be run ({problem.strerror}); install it") from None
    if done.returncode:
        raise RuntimeError(f"git {args[0]} failed: {' '.join(done.stderr.split())}")
    return done.stdout.strip()


def machine() -> str:
    """CPU model, number of cores and kernel."""
    info = Path("/proc/cpuinfo").read_text()
    return described(info, os.cpu_count() or 1, platform.release())


def described(cpu_info: str, cores: int, kernel: str) -> str:
    """`cpu_info`: /proc/cpuinfo, which has no model on some processors; of the kernel only its version is kept."""
    model = re.search(r"^model name\s*:\s*(.+)$", cpu_info, re.MULTILINE)
    name = " ".join(model[1].split()) if model else platform.machine()
    version = re.match(r"[\d.]*\d", kernel)
    return f"{name}, {cores} cores, Linux {version.group() if version else kernel}"
