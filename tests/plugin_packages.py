"""Installed packages that add backends and data sets: folders as pip leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def installed(folder: Path, name: str, modules: Mapping[str, str], entry_points: str) -> Path:
    """A package of single modules in `folder`, which is to be on the path."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)
    return folder
