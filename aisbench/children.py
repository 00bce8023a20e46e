"""Child processes that run the same package as their parent, whatever folder the user stands in.

`python -m` puts the current folder first on the path, where another aisbench may lie. Run as a script, this
file loads the package that it is part of, and then runs the module that it is given.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys

# Not resolved: an editable install may be a tree of links.
PACKAGE = os.path.dirname(os.path.abspath(__file__))
_LINE_BYTES = 500
# The options of a command, which may hold keys, are not for its children: a run's simulator is as it asks for.
_OPTIONS, KEY = "AISBENCH_", "OPENAI_API_KEY"
# Read by the workers.
KEPT = "AISBENCH_WORKER_HOOK"


def child_command(module: str, *args: object) -> list[str]:
    """The command line that runs `module` of this package in a process of its own."""
    return [sys.executable, "-P", os.path.join(PACKAGE, "children.py"), module, *map(str, args)]


def child_environment() -> dict[str, str]:
    """This process's environment without the options of its command and the keys of servers."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == KEPT or not (name == KEY or name.startswith(_OPTIONS))
    }


def last_words(output: bytes) -> str:
    """The last line that a child wrote, which is where a traceback says what went wrong; empty for none."""
    lines = output.decode(errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return said.removeprefix("error: ")[-_LINE_BYTES:]


def _load_own_package() -> None:
    """Makes `aisbench` the package of this file, wherever else the path leads."""
    spec = importlib.util.spec_from_file_location(
        "aisbench", os.path.join(PACKAGE, "__init__.py"), submodule_search_locations=[PACKAGE]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["aisbench"] = package
    spec.loader.exec_module(package)
    # Last: a parent that was started beside its package may have its other packages there as well.
    if os.path.dirname(PACKAGE) not in sys.path:
        sys.path.append(os.path.dirname(PACKAGE))


if __name__ == "__main__":
    _load_own_package()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
