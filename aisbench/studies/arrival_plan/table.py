"""Prints an arrival plan on the console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def plan_text(facts: dict[str, Any]) -> str:
    """The figures of measure.plan_facts, one per line."""
    return "\n".join(f"{name:<20}{value}" for name, value in _lines(facts))


def _lines(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Arrivals", facts["law"]
    mean = "" if facts["mean_rps"] is None else f", {facts['mean_rps']:.2f} requests/s on average"
    yield "Requests", f"{facts['requests']:,} in {facts['ends_s']:.2f} s{mean}"
    peak = (
        "" if facts["law_peak_rps"] is None else f" (the law's highest rate is {facts['law_peak_rps']:g}/s)"
    )
    yield "Most in a second", f"{facts['most_in_a_second']:,}{peak}"
    if facts["gap_cv"] is not None:
        yield (
            "Gaps",
            f"CV {facts['gap_cv']:.3f} (the law's is {facts['law_gap_cv']:.3f}); Kolmogorov distance "
            f"{facts['gap_ks']:.3f} (one plan in a hundred exceeds {facts['gap_ks_limit']:.3f})",
        )
    yield "Fingerprint", facts["fingerprint"]
