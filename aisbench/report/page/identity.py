"""The end of a run's page: fingerprint, host and version."""

from __future__ import annotations

import re
from typing import Any

from aisbench.records.run import Run
from aisbench.report.page.table import count

_DIGEST = re.compile(r"[0-9a-f]{32,}")
# As many digits as tell two runs apart at a glance; summary.json has them all.
_DIGITS_SHOWN = 16


def identity_facts(run: Run, summary: dict[str, Any]) -> list[tuple[str, Any]]:
    """Those that are known."""
    found = [
        (f"{kind}: {name.removesuffix('_ns').replace('_', ' ')}", plain(name, value))
        for kind, block in (("fingerprint", "fingerprint"), ("host", "host"), ("limit", "limits"))
        for name, value in summary[block].items()
        if plain(name, value) is not None
    ]
    outcome = summary["outcome"] + (f": {summary['outcome_reason']}" if summary["outcome_reason"] else "")
    return [*found, ("outcome", outcome), ("aisbench", summary["version"]), ("folder", run.folder.name)]


def plain(name: str, value: Any) -> str | None:
    """One value in words; parts of it that are not known are left out."""
    if isinstance(value, dict) and "left_out" in value:
        # The rows of a data set's file; what was wrong with those left out is in the notes.
        return f"{value['used']} used, {value['left_out']} left out"
    if isinstance(value, dict):
        parts = {part: plain(part, kept) for part, kept in value.items()}
        return ", ".join(f"{part} {words}" for part, words in parts.items() if words is not None) or None
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if name.endswith("_ns"):
        return f"{value / 1e9:.3f} s"
    # Kept in run.json as text, or as numbers that are not counts: a seed, a port.
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return count(value)
    return _DIGEST.sub(lambda digest: digest[0][:_DIGITS_SHOWN] + "…", str(value))
