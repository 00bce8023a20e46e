"""aisbench: a load engine for LLM inference servers whose numbers can be believed."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aisbench.api import LoadedRun, load, read_run

__version__ = "0.1.0"
__all__ = ["LoadedRun", "__version__", "load", "read_run"]


def __getattr__(name: str) -> Any:
    """Imports the Python API on first use, because it would slow down the command line."""
    if name in ("LoadedRun", "load", "read_run"):
        from aisbench import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
