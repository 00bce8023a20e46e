"""docs/records.md: its snippet does what it says, and its table names every file of a run."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from tests.analysis.made_runs import fail, made_rows, write_run
from tests.analysis.summaries import summarise
from tests.system.running import run_load

DOCUMENT = Path(__file__).parents[2] / "docs/records.md"


def test_the_snippet_gives_the_latencies_of_a_run_with_failures(tmp_path: Path) -> None:
    rows = made_rows(np.arange(50) * 10.0, ttft_ms=np.linspace(40, 60, 50))
    fail(rows, slice(0, None, 5), "http_status", http_status=500)
    folder = write_run(tmp_path / "run", rows)
    (snippet,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found: dict[str, Any] = {}
    exec(re.sub(r'Run\.load\("[^"]*"\)', f"Run.load({str(folder)!r})", snippet), found)
    summary = summarise(Measured(Run.load(folder)))
    assert len(found["ttft_ms"]) == 40
    assert found["ttft_ms"].mean() == pytest.approx(summary["metrics"]["ttft_ms"]["mean"])
    assert found["one_worker"]["slot"][:50].tolist() == list(range(50))


def test_the_table_names_every_file_of_a_run(tmp_path: Path) -> None:
    flags = ("--num-requests", 4, "--output-len", 4, "--save-detailed", "--save-outputs")
    run = run_load(tmp_path, *flags, "--dataset", "conversations", "--turns", 2, "--backend", "openai-chat")
    assert run.code == 0, run.err
    named = set(re.findall(r"`([\w-]+\.\w+)`", DOCUMENT.read_text().partition("\n\n")[2]))
    written = {re.sub(r"-\d+\.", "-W.", path.name) for path in (run.folder / "records").iterdir()}
    assert "turns.bin" in written
    assert written <= named
