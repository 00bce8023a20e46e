"""Compares groups of runs: the whole comparison as one value, and as plain JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aisbench.studies.comparison.bootstrap import CONFIDENCE, REPLICATES
from aisbench.studies.comparison.inputs import Inputs, compare_inputs
from aisbench.studies.comparison.judge import MARGIN, Row, judge
from aisbench.studies.comparison.reasons import Reason, reasons
from aisbench.studies.comparison.result import Group, ToolResult

_SCHEMA = 1


@dataclass(frozen=True)
class Pair:
    """The baseline against one other group: their inputs, and why their figures may differ."""

    name: str
    inputs: Inputs
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Comparison:
    groups: tuple[Group, ...]
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    margin: float
    seed: int

    @property
    def has_single_runs(self) -> bool:
        return any(len(group.runs) == 1 for group in self.groups)

    def as_dict(self) -> dict[str, Any]:
        """comparison.json: plain values; an infinite rate is "inf"."""
        return {
            "schema": _SCHEMA,
            "baseline": self.groups[0].name,
            "margin": self.margin,
            "confidence": CONFIDENCE,
            "replicates": REPLICATES,
            "seed": self.seed,
            "groups": [
                {"name": group.name, "runs": [_run_dict(run) for run in group.runs]} for group in self.groups
            ],
            "metrics": [
                {
                    **asdict(row.metric),
                    "values": {
                        group.name: asdict(cell) for group, cell in zip(self.groups, row.cells, strict=True)
                    },
                }
                for row in self.rows
            ],
            "pairs": [plain(asdict(pair)) for pair in self.pairs],
        }


def compare(groups: Sequence[Group], *, margin: float = MARGIN, seed: int = 0) -> Comparison:
    """Compares `groups` with the first, the baseline. Each needs at least one run and a distinct name."""
    rows = judge(groups, margin=margin, seed=seed)
    pairs = []
    for group in groups[1:]:
        inputs = compare_inputs(groups[0].first, group.first)
        pairs.append(Pair(group.name, inputs, tuple(reasons(groups[0], group, inputs))))
    return Comparison(tuple(groups), tuple(rows), tuple(pairs), margin, seed)


def _run_dict(run: ToolResult) -> dict[str, Any]:
    return {
        "tool": run.tool,
        "path": run.path,
        "setup": plain(asdict(run.setup)),
        "habits": plain(asdict(run.habits)),
        "figures": plain(run.figures),
        "fingerprint": plain(run.fingerprint),
        "verdict": run.verdict,
        "verdict_reasons": list(run.verdict_reasons),
        "notes": list(run.notes),
        "has_data_behind": sorted(run.samples),
    }


def plain(value: Any) -> Any:
    """`value` without what JSON lacks: tuples become lists, numpy's numbers Python's, and infinity "inf"."""
    if isinstance(value, dict):
        return {name: plain(kept) for name, kept in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(kept) for kept in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and np.isinf(value):
        return "inf"
    return value
