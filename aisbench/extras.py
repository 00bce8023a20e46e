"""The command that installs optional packages for the Python that runs this program."""

from __future__ import annotations

import re
import shlex
import sys


def install_command(extra: str, missing: str) -> str:
    """The command that installs the packages of `extra`, including `missing`, for this Python.

    It lists the packages, because `pip install 'aisbench[extra]'` would look for aisbench on the index, and this one
    may be from a clone, a wheel or a mirror.
    """
    # Takes 10 ms, and only a message needs it.
    from importlib import metadata

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
