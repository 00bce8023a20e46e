"""A finished run as trackers of experiments keep it: parameters, metrics and files."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeGuard

from aisbench.errors import BadInput
from aisbench.masking.masking import masked_text

# Keys of summary.json, each with its name here, which has the unit.
_HEADLINES = {
    "duration": "duration_s",
    "completed": "completed_requests",
    "failed": "failed_requests",
    "total_input_tokens": "total_input_tokens",
    "total_output_tokens": "total_output_tokens",
    "request_throughput": "request_throughput_per_s",
    "request_goodput": "request_goodput_per_s",
    "output_throughput": "output_throughput_tokens_per_s",
    "total_token_throughput": "total_throughput_tokens_per_s",
}
# Of the figures of a latency, these and the percentiles (p50 is the median). Each block has its own ending of names.
_STATISTICS = re.compile(r"mean|median|p(?!50$)\d+(\.\d+)?")
_BLOCKS = {"metrics": "", "from_plan": "_from_plan"}
_FILES = ("summary.json", "report.html", "vllm.json")


@dataclass(frozen=True)
class TrackedRun:
    """`name`: the run's label, or its folder's name. `params`: its options, without secrets and without those that are
    empty. `metrics`: headline figures, whose names end in their units. `files`: the reports that go along.
    `began_s`, `ended_s`: seconds since 1970."""

    name: str
    folder: Path
    params: dict[str, Any]
    metrics: dict[str, float]
    files: tuple[Path, ...]
    outcome: str
    verdict: str
    version: str
    began_s: float
    ended_s: float

    @staticmethod
    def read(folder: Path) -> TrackedRun:
        """The run in `folder`. Raises BadInput if it is not a run's, or has no summary."""
        facts = _object_in(
            folder / "records" / "run.json",
            f"{folder} is not the folder of a run; give one with records/run.json in it",
        )
        later = f"{folder} has no summary; run `aisbench report {folder}` first"
        summary = _object_in(folder / "summary.json", later)
        try:
            config = dict(summary["config"])
            began_s = datetime.fromisoformat(facts["date"]).timestamp()
            return TrackedRun(
                name=masked_text(str(config.get("label") or folder.resolve().name)),
                folder=folder,
                params={name: value for name, value in config.items() if value not in (None, "", [], {})},
                metrics=_metrics_of(summary),
                files=tuple(path for name in _FILES if (path := folder / name).is_file()),
                outcome=str(summary["outcome"]),
                verdict=str(summary["verdict"]["status"]),
                version=str(summary["version"]),
                began_s=began_s,
                ended_s=began_s + float(summary["duration"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BadInput(
                f"{folder / 'summary.json'} is not a run's; make it again with `aisbench report {folder}`"
            ) from None


def _object_in(path: Path, otherwise: str) -> dict[str, Any]:
    """The JSON object in `path`. Raises BadInput with `otherwise` if there is none."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        raise BadInput(otherwise) from None
    if not isinstance(found, dict):
        raise BadInput(otherwise)
    return found


def _metrics_of(summary: dict[str, Any]) -> dict[str, float]:
    found = {name: summary.get(key) for key, name in _HEADLINES.items()}
    for block, origin in _BLOCKS.items():
        for key, figures in (summary.get(block) or {}).items():
            latency = key.removesuffix("_ms").removesuffix(origin) + origin
            found |= {
                f"{statistic}_{latency}_ms": value
                for statistic, value in figures.items()
                if _STATISTICS.fullmatch(statistic)
            }
    # What was not measured is null, and trackers take numbers only.
    return {name: float(value) for name, value in found.items() if _is_number(value)}


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
