"""Locates the user's cache: files that save time, and can be deleted whenever nothing runs."""

from __future__ import annotations

import os
from pathlib import Path


def cached_file(name: str) -> Path:
    """`$XDG_CACHE_HOME/aisbench/NAME` (~/.cache if that is not set); the folder may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "aisbench" / name
