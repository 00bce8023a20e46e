"""Accuracy in a load report: against a server that knows the answers, or forgets them in the middle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisbench.errors import BadInput
from aisbench.report.files.write import write_all
from aisbench.shares import wilson_interval
from tests.studies.evaluation.answering import answering
from tests.studies.evaluation.sums import adds, write_sums
from tests.system.running import run_load

COUNT = 24


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_sums(tmp_path / "gsm8k", COUNT)


def test_right_answers_are_scored_as_such(tmp_path: Path, data: Path) -> None:
    with answering(adds) as server:
        run = run_load(
            tmp_path / "out",
            *("--url", server.url, "--backend", "openai-chat", "--dataset", "gsm8k", "--dataset-path", data),
            *("--score", "--concurrency", 1, "--num-requests", COUNT + 6, "--no-progress"),
        )
    assert run.code == 0, run.err
    found = run.summary["accuracy"]
    assert (found["task"], found["correct"], found["no_answer"]) == ("gsm8k", COUNT + 6, 0)
    assert found["whole"]["score"] == 100.0
    # Questions that were asked twice count once.
    low, high = wilson_interval(COUNT, COUNT)
    assert found["whole"]["interval"] == pytest.approx([100 * low, 100 * high])
    assert sum(part["answers"] for part in found["over_time"]) == COUNT + 6
    assert found["by_in_flight"] == [found["whole"] | {"least": 1, "most": 1}]
    assert "gsm8k: 100.00 %" in run.out
    assert "asked more than once" in json.dumps(run.summary["notes"])
    assert "accuracy: gsm8k" in (run.folder / "report.html").read_text()


def test_wrong_answers_show_in_the_part_of_the_run_they_are_from(tmp_path: Path, data: Path) -> None:
    with answering(lambda body: adds(body) if len(server.asked) <= 12 else "#### 7") as server:
        run = run_load(
            tmp_path / "out",
            *("--url", server.url, "--backend", "openai-chat", "--dataset", "gsm8k", "--dataset-path", data),
            *("--score", "--concurrency", 1, "--no-progress"),
        )
    assert run.code == 0, run.err
    found = run.summary["accuracy"]
    assert found["whole"]["score"] == 50.0
    assert found["over_time"][0]["score"] == 100.0
    assert found["over_time"][-1]["score"] == 0.0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--dataset", "random", "--score"], "--score needs a --dataset with known answers, got random"),
        (["--dataset", "gsm8k", "--score"], "--dataset gsm8k needs --dataset-path"),
        (["--dataset", "random", "--shots", "2"], "--shots is not an option of --dataset random"),
    ],
)
def test_what_cannot_be_scored_is_one_line(tmp_path: Path, args: list[str], said: str) -> None:
    with answering(adds) as server:
        run = run_load(tmp_path / "out", "--url", server.url, *args)
    assert run.code == 2
    assert said in run.err


def test_a_folder_from_elsewhere_starts_no_code(tmp_path: Path, data: Path) -> None:
    with answering(adds) as server:
        run = run_load(
            tmp_path / "out",
            *("--url", server.url, "--backend", "openai-chat", "--dataset", "gsm8k", "--dataset-path", data),
            *("--score", "--num-requests", 2, "--no-progress"),
        )
    path = run.folder / "records" / "run.json"
    path.write_text(path.read_text().replace('"gsm8k"', '"humaneval"'))
    (run.folder / "summary.json").unlink()
    with pytest.raises(BadInput, match="--score does not run code"):
        write_all(run.folder)
