"""The end of a run's page: fingerprint, host and version."""

from __future__ import annotations

import re
from typing import Any

from aisbench.records.run import Run
from aisbench.report.page.table import count

_DIGEST = re.compile(r"[0-9a-f]{32,}")
# Enough to tell two runs apart at a glance. summary.json has the whole digests.
_DIGITS_SHOWN = 16


def identity_facts(run: Run, summary: dict[str, Any]) -> list[tuple[str, Any]]:
    """(label, value) of everything that is known about the run's origin."""
    found = [
        (f"{kind}: {name.removesuffix('_ns').replace('_', ' ')}", plain(name, value))
        for kind, block in (("fingerprint", "fingerprint"), ("host", "host"), ("limit", "limits"))
        for name, value in summary[block].items()
        if plain(name, value) is not None
    ]
    outcome = summary["outcome"] + (f": {summary['outcome_reason']}" if summary["outcome_reason"] else "")
    return [*found, ("outcome", outcome), ("aisbench", summary["version"]), ("folder", run.folder.name)]


def plain(name: str, value: Any) -> str | None:
    """`value` as text, without the parts of it that are unknown; None if all of it is."""
    if isinstance(value, dict) and "left_out" in value:
        # Rows of a data set's file. The notes say why rows were left out.
        return f"{value['used']} used, {value['left_out']} left out"
    if isinstance(value, dict):
        parts = {part: plain(part, kept) for part, kept in value.items()}
        return ", ".join(f"{part} {words}" for part, words in parts.items() if words is not None) or None
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if name.endswith("_ns"):
        return f"{value / 1e9:.3f} s"
    # Integers here are not counts but, for example, a seed or a port, so they get no thousands separators.
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return count(value)
    return _DIGEST.sub(lambda digest: digest[0][:_DIGITS_SHOWN] + "…", str(value))
