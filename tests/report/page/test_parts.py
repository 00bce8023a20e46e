"""Facts about a run, in the words of the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.page.identity import identity_facts
from tests.analysis.made_runs import made_rows, write_run
from tests.analysis.summaries import summarise


def test_rows_that_were_left_out_are_counted_in_words(tmp_path: Path) -> None:
    rows = {"used": 198, "left_out": 3, "kinds": [{"kind": "broken JSON", "count": 3, "first_lines": [1]}]}
    fingerprint = {"bodies": "ab", "dataset": {"name": "jsonl", "seed": 0, "rows": rows}}
    run = Run.load(write_run(tmp_path, made_rows(np.arange(4) * 10.0), fingerprint=fingerprint))
    facts = dict(identity_facts(run, summarise(Measured(run))))
    assert facts["fingerprint: dataset"] == "name jsonl, seed 0, rows 198 used, 3 left out"
