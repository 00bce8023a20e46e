"""A verdict: valid, doubtful or invalid, with its reasons and the figures behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aisbench.analysis.verdict.thresholds import Threshold

RANK = {"valid": 0, "doubtful": 1, "invalid": 2}


@dataclass(frozen=True)
class Check:
    """One figure held against its threshold."""

    threshold: Threshold
    value: float
    status: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        limits = {
            name: getattr(self.threshold, name) for name in ("name", "unit", "doubtful", "invalid", "below")
        }
        return {
            **limits,
            "value": self.value,
            "status": self.status,
            "text": self.text,
            "why": self.threshold.why,
        }


@dataclass
class Verdict:
    """`reasons`: one sentence for each thing that made it worse than valid. `notes`: things to know that
    take nothing from the figures. `checks`: every figure that was held against a threshold."""

    status: str = "valid"
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def hold(self, threshold: Threshold, value: float, text: str, *, matters: bool = True) -> None:
        """Holds `value` against `threshold`; `text` says the figure as a clause. Unless it `matters` (is
        large enough in absolute terms), it is shown and never counts."""
        status = threshold.status(value) if matters else "valid"
        self.checks.append(Check(threshold, value, status, text))
        if status == "valid":
            return
        bound = threshold.invalid if status == "invalid" else threshold.doubtful
        assert bound is not None
        side = "below" if threshold.below else "above"
        unit = "%" if threshold.unit.startswith("%") else threshold.unit
        self.worsen(status, f"{text}, {side} the {f'{bound:g} {unit}'.strip()} from which a run is {status}.")

    def worsen(self, status: str, reason: str, *, on_top: bool = False) -> None:
        self.reasons.insert(0 if on_top else len(self.reasons), reason)
        if RANK[status] > RANK[self.status]:
            self.status = status

    def as_dict(self) -> dict[str, Any]:
        checks = [check.as_dict() for check in self.checks]
        return {"status": self.status, "reasons": self.reasons, "notes": self.notes, "checks": checks}
