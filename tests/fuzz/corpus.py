"""The inputs that every run begins with: samples of each grammar, and what was once treated wrongly (found-*)."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def kept_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()]


def committed(target: str) -> list[bytes]:
    return kept_in(FOLDER / target)
