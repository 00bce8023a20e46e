"""The definitions under the latency table are those that the run went by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.page.parts import latency_note
from tests.analysis.made_runs import base_config, made_rows, write_run
from tests.analysis.summaries import summarise


@pytest.mark.parametrize(("at", "event"), [("content", "generated content"), ("first-chunk", "choices")])
def test_ttft_is_defined_as_it_was_measured(tmp_path: Path, at: str, event: str) -> None:
    run = Run.load(write_run(tmp_path, made_rows(np.arange(5) * 10.0), config=base_config(ttft_at=at)))
    assert f"TTFT: first event with {event}, from the send." in latency_note(summarise(Measured(run)))
