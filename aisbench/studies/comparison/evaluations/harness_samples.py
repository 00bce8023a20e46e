"""Reads what lm-evaluation-harness made of each question, from the samples that `aisbench eval` keeps of it.

A file is a list of the rows that the harness logs: "doc_id", "prompt_hash", "target", "filter", "resps", "metrics" and a
value for each metric. A question that several filters scored has a row for each of them; the first filter counts, as in
the harness's own table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aisbench.accuracy.pairs import Outcome
from aisbench.errors import BadInput


def outcomes_of_samples(path: Path) -> tuple[dict[str, Outcome], str] | None:
    """By question, its outcome under the first metric that scores single questions from 0 to 1; and that metric.

    Returns None if there is no such metric, as for perplexities. Raises BadInput for other content.
    """
    found: dict[str, Outcome] = {}
    metric: str | None = None
    for row in _rows(path):
        metric = metric or next((name for name in row["metrics"] if _share(row.get(name)) is not None), None)
        score = _share(row.get(metric)) if metric else None
        if score is None:
            return None
        found[str(row["doc_id"])] = Outcome(str(row["prompt_hash"]), (score,))
    return (found, metric) if metric else None


def answers_of_samples(path: Path) -> dict[str, Any]:
    """`{"3": {"origin_prompt", "prediction", "gold"}}`, as aisbench's own predictions."""
    return {
        str(row["doc_id"]): {
            "origin_prompt": row["arguments"][0][0] if row.get("arguments") else "",
            "prediction": row["resps"][0][0] if row.get("resps") else "",
            "gold": row.get("target"),
        }
        for row in _rows(path)
    }


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of the first filter."""
    try:
        rows = json.loads(path.read_bytes())
        first = rows[0]["filter"]
        own = [row for row in rows if row["filter"] == first]
        readable = all({"metrics", "doc_id", "prompt_hash"} <= row.keys() for row in own)
    except (ValueError, LookupError, TypeError, AttributeError):
        readable = False
    if not readable:
        raise BadInput(
            f"{path} does not hold samples of lm-evaluation-harness; evaluate again with --datasets lm-eval:TASK"
        )
    return own


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, bool | int | float) and 0 <= value <= 1 else None
