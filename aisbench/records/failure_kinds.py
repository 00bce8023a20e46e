"""Names of failures, used in every figure, table and log."""

from __future__ import annotations

from aisbench._native.memory.recorder import ERRORS


def error_kind(error: int, http_status: int) -> str:
    """The name of the core's error number; for an unexpected HTTP status, the status, as in `http_503`."""
    name = ERRORS[error]
    return f"http_{http_status}" if name == "http_status" else name
