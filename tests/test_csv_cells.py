"""No cell of a CSV file is a formula, and numbers stay numbers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.csv_cells import cell
from aisbench.studies.evaluation.summary import write_tables
from aisbench.studies.sweep.table import write_runs_csv
from tests.studies.sweep.made_results import swept

FORMULA = "=cmd|'/C calc'!A0"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (FORMULA, f"'{FORMULA}"),
        ("+1+cmd", "'+1+cmd"),
        ("-2+3", "'-2+3"),
        ("-A1", "'-A1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'\t=1+1"),
        ("\r=1+1", "'\r=1+1"),
        ("--1", "'--1"),
        ("-2/A1", "'-2/A1"),
        *(
            (same, same)
            for same in ("-", "-1", "+40.5%", "-1.5e-3", "-.5", "-0.5 ms", "-1,234.5 token/s", "a=b", "")
        ),
        *((same, same) for same in (-1, -0.5, None, True)),
    ],
)
def test_a_formula_is_written_as_text(given: Any, written: Any) -> None:
    assert cell(given) == written


def test_names_in_tables_are_no_formulas(tmp_path: Path) -> None:
    _, path = write_tables(tmp_path / "summary", [["dataset", "model"], [FORMULA, "-1.50"]], 1)
    assert list(csv.reader(path.open()))[1] == [f"'{FORMULA}", "-1.50"]
    point = "input_len=512 concurrency=1"
    found = swept("input_len=512 concurrency=1,8", runs=1, problems={point: FORMULA})
    write_runs_csv(json.loads(json.dumps(found)), tmp_path / "sweep.csv")
    assert next(csv.DictReader((tmp_path / "sweep.csv").open()))["problem"] == f"'{FORMULA}"
