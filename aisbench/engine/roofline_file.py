"""The results of `aisbench selfcheck` on this host, kept in the user's cache for later runs."""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

import aisbench
from aisbench.atomic import write_text
from aisbench.config.cache import cached_file
from aisbench.engine.limits import cpus


def _host_identity() -> dict[str, Any]:
    """Where a roofline is valid: a different processor, kernel, interpreter or version needs a new one."""
    return {
        "host": platform.node(),
        "cpu": cpu_model(),
        "cpus": cpus(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "version": aisbench.__version__,
    }


def cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def roofline_path() -> Path:
    """The file for this host in the user's cache, roofline-KEY.json."""
    key = hashlib.sha256(json.dumps(_host_identity(), sort_keys=True).encode()).hexdigest()[:16]
    return cached_file(f"roofline-{key}.json")


def read_roofline() -> dict[str, Any] | None:
    """The figures of the last selfcheck on this host; None if there was none or its file is broken."""
    try:
        found = json.loads(roofline_path().read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"event_ns", "request_ns", "date"} <= found.keys() else None


def write_roofline(figures: dict[str, Any]) -> Path:
    """Writes `figures` atomically and returns the file's path. Raises OSError if it cannot be written."""
    path = roofline_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps({**_host_identity(), **figures}, indent=1), path)
    return path
