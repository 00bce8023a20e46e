"""Starts child processes that run the same package as their parent, whatever the current folder.

`python -m` puts the current folder first on the path, and it may contain another aisbench. Run as a script, this
file loads the package that it is part of, and then runs the module named by its first argument.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import runpy
import sys

# Links are not resolved, because an editable install may be a tree of links.
PACKAGE = os.path.dirname(os.path.abspath(__file__))
_LINE_BYTES = 500
# A command's options are not passed on to its children: they may hold keys, and would change a run's simulator.
_OPTIONS, KEY = "AISBENCH_", "OPENAI_API_KEY"
# Imports and options make hundreds of thousands of objects that live as long as the process. With Python's own 700, a
# tenth of a command's start goes into looking for garbage among them.
GC_THRESHOLD = 50_000
# Read by the workers.
KEPT = "AISBENCH_WORKER_HOOK"
# Left alone, numpy's linear algebra starts a thread for each CPU when it is imported, and these spin for a tenth of a
# second before they sleep. Nothing here needs them.
_THREADS, _ONE = "OPENBLAS_NUM_THREADS", "1"


def child_command(module: str, *args: object) -> list[str]:
    """The command line that runs `module` of this package in its own process."""
    return [sys.executable, "-P", os.path.join(PACKAGE, "children.py"), module, *map(str, args)]


def child_environment() -> dict[str, str]:
    """This process's environment without the options of its command and the keys of servers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == KEPT or not (name == KEY or name.startswith(_OPTIONS))
    }
    return {_THREADS: _ONE, **kept}


def keep_numpy_single() -> None:
    """Keeps numpy from starting threads in this process, unless the user has set their number; call it before its import."""
    os.environ.setdefault(_THREADS, _ONE)


def last_words(output: bytes) -> str:
    """The last line that a child wrote, where a traceback says what went wrong; empty if it wrote nothing."""
    lines = output.decode(errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return said.removeprefix("error: ")[-_LINE_BYTES:]


def _load_own_package() -> None:
    """Imports the package of this file as `aisbench`, even if the path has another one."""
    spec = importlib.util.spec_from_file_location(
        "aisbench", os.path.join(PACKAGE, "__init__.py"), submodule_search_locations=[PACKAGE]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["aisbench"] = package
    spec.loader.exec_module(package)
    # Added last: a parent started from the folder that holds its package may have other packages there, too.
    if os.path.dirname(PACKAGE) not in sys.path:
        sys.path.append(os.path.dirname(PACKAGE))


if __name__ == "__main__":
    gc.set_threshold(GC_THRESHOLD)
    _load_own_package()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
