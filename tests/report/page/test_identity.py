"""What tells a run from others is written for people: rounded, without what is not known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.page.identity import identity_facts, plain
from tests.analysis.made_runs import made_rows, write_run
from tests.analysis.summaries import summarise


def test_values_are_written_for_people() -> None:
    digest = "d59226a3bb896f2df0865fec8b0f9643a458c565a04c2e7aaeaa560ccab946cf"
    assert plain("bodies", digest) == "d59226a3bb896f2d…"
    assert plain("steal_ns", 1_234_000_000) == "1.234 s"
    assert (
        plain("prompt_tokens", {"min": 200, "mean": 625.3333333333334, "sha256": None})
        == "min 200, mean 625.3"
    )
    assert plain("dataset", {"path": None, "name": "jsonl", "seed": 7}) == "name jsonl, seed 7"
    assert plain("tokenizer", None) is None


def test_names_have_no_underscores(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows(np.zeros(3))))
    facts = dict(identity_facts(run, summarise(Measured(run))))
    assert facts["host: steal"] == "0.000 s"
    assert facts["fingerprint: unique prompts"] == "3"
    assert not [name for name in facts if "_" in name]
