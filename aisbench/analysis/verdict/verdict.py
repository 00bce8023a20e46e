"""A verdict: valid, doubtful or invalid, with its reasons and the figures behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, TypedDict

from aisbench.analysis.verdict.thresholds import Threshold

Status = Literal["valid", "doubtful", "invalid"]
RANK: dict[str, int] = {"valid": 0, "doubtful": 1, "invalid": 2}


class CheckBlock(TypedDict):
    """One figure compared with its threshold."""

    name: Annotated[str, "what was checked"]
    unit: Annotated[str, "unit of the value and its bounds; empty for a plain number"]
    doubtful: Annotated[float, "the bound beyond which a run is doubtful"]
    invalid: Annotated[
        float | None, "the bound beyond which it is invalid; null where no value alone makes it so"
    ]
    below: Annotated[bool, "whether values below the bounds are the bad ones"]
    value: float
    status: Annotated[Status, "also valid where the value is beyond a bound but too small to matter"]
    text: Annotated[str, "the figure in words"]
    why: Annotated[str, "the reason for the threshold"]


class VerdictBlock(TypedDict):
    """Whether the figures can be relied on."""

    status: Status
    reasons: Annotated[list[str], "a sentence for each thing that made it worse than valid"]
    notes: Annotated[list[str], "things to know that do not make the figures less reliable"]
    checks: Annotated[list[CheckBlock], "every figure that was compared with a threshold"]


@dataclass(frozen=True)
class Check:
    """One figure compared with its threshold."""

    threshold: Threshold
    value: float
    status: Status
    text: str

    def as_dict(self) -> CheckBlock:
        return {
            "name": self.threshold.name,
            "unit": self.threshold.unit,
            "doubtful": self.threshold.doubtful,
            "invalid": self.threshold.invalid,
            "below": self.threshold.below,
            "value": self.value,
            "status": self.status,
            "text": self.text,
            "why": self.threshold.why,
        }


@dataclass
class Verdict:
    """`reasons`: one sentence for each thing that made it worse than valid. `notes`: things to know that do not
    make the figures less reliable. `checks`: every figure that was compared with a threshold."""

    status: Status = "valid"
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def hold(self, threshold: Threshold, value: float, text: str, *, matters: bool = True) -> None:
        """Compares `value` with `threshold`. `text` states the figure as a clause. Without `matters` (large
        enough in absolute terms) the check is shown, but cannot worsen the verdict."""
        status: Status = threshold.status(value) if matters else "valid"
        self.checks.append(Check(threshold, value, status, text))
        if status == "valid":
            return
        bound = threshold.invalid if status == "invalid" else threshold.doubtful
        assert bound is not None
        side = "below" if threshold.below else "above"
        unit = "%" if threshold.unit.startswith("%") else threshold.unit
        self.worsen(status, f"{text}; a run is {status} {side} {f'{bound:g} {unit}'.strip()}.")

    def worsen(self, status: Status, reason: str, *, on_top: bool = False) -> None:
        self.reasons.insert(0 if on_top else len(self.reasons), reason)
        if RANK[status] > RANK[self.status]:
            self.status = status

    def as_dict(self) -> VerdictBlock:
        checks = [check.as_dict() for check in self.checks]
        return {"status": self.status, "reasons": self.reasons, "notes": self.notes, "checks": checks}
