"""The shipped schema is what the types say, and it holds what a summary must not be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.contract import documentation
from aisbench.analysis.contract.shipped import text
from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from tests.analysis.made_runs import base_config, empty_rows, fail, made_rows, write_run
from tests.analysis.summaries import summarise, wrong_in

SHIPPED = Path(__file__).parents[2] / "aisbench" / "summary.schema.json"
REGENERATE = "python -m aisbench.analysis.contract.shipped > aisbench/summary.schema.json"


def summary_of(folder: Path, rows: np.ndarray, **changes: Any) -> dict[str, Any]:
    return summarise(Measured(Run.load(write_run(folder / "run", rows, **changes))))


def test_the_shipped_schema_is_up_to_date() -> None:
    assert SHIPPED.read_text() == text(), REGENERATE


def test_the_page_of_its_keys_is_up_to_date() -> None:
    page = (SHIPPED.parents[1] / "docs" / "summary.md").read_text()
    assert page == documentation.page(), (
        "python -m aisbench.analysis.contract.documentation > docs/summary.md"
    )


def failures() -> np.ndarray:
    rows = made_rows(np.arange(20) * 10.0)
    fail(rows, slice(None), "http_status", http_status=500)
    return rows


def conversations() -> np.ndarray:
    rows = made_rows(np.arange(6) * 500.0)
    rows["conversation"], rows["turn"] = np.arange(6) // 2, np.arange(6) % 2
    return rows


@pytest.mark.parametrize(
    ("rows", "changes"),
    [
        (failures, {}),
        (lambda: empty_rows(0), {}),
        (lambda: made_rows(np.arange(20) * 10.0), {"streams": False}),
        (lambda: made_rows(np.arange(20) * 10.0), {"generates": False}),
        (conversations, {"conversations": 3}),
        (
            lambda: made_rows(np.arange(20) * 10.0),
            {"endpoints": ["http://127.0.0.1:1", "http://127.0.0.1:2"]},
        ),
        (lambda: made_rows(np.arange(400) * 10.0), {"config": base_config(duration_s=3.0, slice_s=1.0)}),
        (
            lambda: made_rows(np.arange(200) * 10.0),
            {"config": base_config(rate=100.0, arrival="constant", goodput={"tpot": 20.0})},
        ),
        (
            lambda: made_rows(np.arange(20) * 10.0),
            {"forget": ("outcome", "workers", "host", "limits", "fingerprint", "end_ns")},
        ),
    ],
    ids=[
        "failures",
        "nothing",
        "whole answers",
        "pooling",
        "conversations",
        "endpoints",
        "timed",
        "open",
        "crash",
    ],
)
def test_every_kind_of_run_keeps_the_schema(
    tmp_path: Path, rows: Callable[[], np.ndarray], changes: dict[str, Any]
) -> None:
    summary_of(tmp_path, rows(), **changes)


def test_metadata_and_asked_percentiles_are_free(tmp_path: Path) -> None:
    config = base_config(metadata={"gpu": "none"}, percentiles=[99.9])
    summary = summary_of(tmp_path, made_rows(np.arange(20) * 10.0), config=config)
    assert (summary["gpu"], "p99.9_ttft_ms" in summary) == ("none", True)


def test_what_is_no_summary_is_refused(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, made_rows(np.arange(20) * 10.0))
    client, ttft = summary["client"], summary["metrics"]["ttft_ms"]
    for wrong in (
        {"schema": 2},
        {"client": client | {"cpu": 1}},
        {"client": client | {"stamped_share": 1.5}},
        {"metrics": {"ttft_ms": ttft | {"mean": "fast"}}},
        {"metrics": {"speed_ms": ttft}},
        {"requests": summary["requests"] | {"failed": -1}},
        {"mean_ttft_ms": "fast"},
        {"colour": 3},
    ):
        assert wrong_in(summary | wrong) != [], wrong
    del summary["verdict"]
    assert wrong_in(summary) == ['[]: "verdict" is a required property']
