"""Optional packages, and the command that installs them where this program looks for them."""

from __future__ import annotations

import re
import shlex
import sys
from importlib import metadata


def install_command(extra: str, missing: str) -> str:
    """Installs the packages of `extra`, `missing` among them, into this very Python.

    It names them, because where the program came from (a clone, a wheel, a mirror) is not known, and
    `pip install 'aisbench[extra]'` would ask the index for it.
    """
    try:
        required = metadata.requires("aisbench") or []
    except metadata.PackageNotFoundError:
        required = []
    packages = [
        wanted.strip()
        for wanted, _, marker in (line.partition(";") for line in required)
        if re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", marker)
    ]
    if not any(re.match(rf"{re.escape(missing)}\b", package) for package in packages):
        packages.append(missing)
    return shlex.join([sys.executable, "-m", "pip", "install", *packages])
