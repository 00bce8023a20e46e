"""Writes summary.csv: one row per metric."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Figures with a single value, which stands in the column `mean`.
SCALARS = (
    ("duration", "s"),
    ("completed", "requests"),
    ("failed", "requests"),
    ("total_input_tokens", "tokens"),
    ("total_output_tokens", "tokens"),
    ("request_throughput", "requests/s"),
    ("request_goodput", "requests/s"),
    ("output_throughput", "tokens/s"),
    ("total_token_throughput", "tokens/s"),
    ("max_output_tokens_per_s", "tokens/s"),
    ("max_concurrent_requests", "requests"),
)


def _described(summary: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, float]]]:
    """(metric, unit, describe()'s figures) of every metric that is described by such figures."""
    for name, figures in summary["metrics"].items():
        yield name.removesuffix("_ms"), "ms", figures
    for name, figures in (summary["from_plan"] or {}).items():
        yield f"{name.removesuffix('_ms')}_from_plan", "ms", figures
    for name, figures in summary["per_user"].items():
        yield f"per_user_{name.removesuffix('_per_s')}", "tokens/s", figures
    for name in ("schedule_lag_ms", "client_delay_ms"):
        figures = summary["client"][name]
        if figures is not None:
            yield name.removesuffix("_ms"), "ms", {k: v for k, v in figures.items() if k != "own_p99"}


def write_summary_csv(summary: dict[str, Any], path: Path) -> None:
    """Writes the columns metric, unit, count, mean, median, std, min, max, and every percentile of any metric."""
    rows = list(_described(summary))
    columns = list(dict.fromkeys(name for _, _, figures in rows for name in figures))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["metric", "unit", *columns], restval="")
        writer.writeheader()
        for name, unit in SCALARS:
            if summary[name] is not None:
                writer.writerow({"metric": name, "unit": unit, "mean": summary[name]})
        for metric, unit, figures in rows:
            writer.writerow({"metric": metric, "unit": unit, **figures})
