"""The Python API, and the examples of docs/python.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import aisbench
from aisbench.errors import BadInput
from aisbench.simulator.process import SimulatorProcess

DOCUMENT = Path(__file__).parents[1] / "docs/python.md"


def test_the_examples_of_the_documentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in re.findall(r"```python\n(.+?)```", DOCUMENT.read_text(), re.DOTALL):
        exec(example, names)
    printed = capsys.readouterr().out
    assert "--rate must be a number above 0 or inf, got -1" in printed
    run = names["run"]
    assert isinstance(run, aisbench.LoadedRun)
    assert run.summary["completed"] == 40
    assert json.loads((run.folder / "summary.json").read_text()) == run.summary


def test_a_run_as_arrays_and_as_a_frame(quick_simulator: SimulatorProcess, tmp_path: Path) -> None:
    run = aisbench.load(
        url=quick_simulator.url, num_requests=12, concurrency=4, output_len=6, work_dir=str(tmp_path), progress=False,
        api_key="sk-secret", header=["x-token: hidden"],
    )  # fmt: skip
    assert len(run.requests) == 12
    assert (run.requests["sent_ns"] >= run.requests["planned_ns"]).all()
    frame = run.frame()
    lines = [json.loads(line) for line in (run.folder / "requests.jsonl").read_text().splitlines()]
    assert frame["ttft_ms"].tolist() == [line["ttft_ms"] for line in lines]
    assert run.latency_ms("ttft") == pytest.approx(frame["ttft_ms"])
    assert run.summary["metrics"]["ttft_ms"]["mean"] == pytest.approx(np.mean(run.latency_ms("ttft")))
    command = json.loads((run.folder / "records/run.json").read_text())["command"]
    assert command[0].startswith("aisbench.load(")
    assert "secret" not in command[0]
    assert "hidden" not in command[0]
    again = aisbench.read_run(run.folder)
    assert again.summary == run.summary


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"num_request": 3}, "no option 'num_request'; did you mean num_requests?"),
        ({"num_requests": 0}, "--num-requests"),
        ({"backend": "nothing"}, "--backend"),
    ],
)
def test_what_cannot_be_used_is_named(options: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput) as problem:
        aisbench.load(progress=False, **options)
    assert told in str(problem.value)


def test_what_is_no_run_and_no_metric(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a run folder"):
        aisbench.read_run(tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        aisbench.lode  # noqa: B018
