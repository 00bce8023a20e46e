"""Whole evaluations against a server that knows the answers."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.studies.evaluation.answering import Body, answering, text_of
from tests.studies.evaluation.sums import adds, write_sums
from tests.system.running import kill, run_command, start_command
from tests.waiting import wait_until

COUNT = 24


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_sums(tmp_path / "datasets" / "gsm8k", COUNT)
    return tmp_path / "datasets"


def adds_even_ones(body: Body) -> str:
    """Wrong by one where the number is odd."""
    right = adds(body)
    total = int(right.rpartition(" ")[2])
    return f"#### {total + total % 2}"


def command(work_dir: Path, data: Path, *args: object) -> list[str]:
    return [
        *("eval", "--work-dir", str(work_dir), "--dataset-path", str(data)),
        *("--datasets", "gsm8k", "--no-progress", *map(str, args)),
    ]


def evaluate(work_dir: Path, data: Path, *args: object) -> subprocess.CompletedProcess[str]:
    return run_command(*command(work_dir, data, *args))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def folder_in(work_dir: Path) -> Path:
    (folder,) = work_dir.iterdir()
    return folder


def test_answers_are_kept_scored_and_summed_up(tmp_path: Path, data: Path) -> None:
    with answering(adds_even_ones) as server:
        done = evaluate(
            tmp_path / "out",
            data,
            "--url",
            server.url,
            "--concurrency",
            4,
            "--dump-eval-details",
            "--dump-extract-rate",
        )
    assert done.returncode == 0, done.stderr
    folder = folder_in(tmp_path / "out")
    predictions = read(folder / "predictions" / "made-up" / "gsm8k.json")
    assert list(predictions) == [str(index) for index in range(COUNT)]
    assert predictions["3"]["prediction"] == "#### 104"
    assert predictions["3"]["gold"] == "103"
    assert "holds 3 books" in predictions["3"]["origin_prompt"]
    results = read(folder / "results" / "made-up" / "gsm8k.json")
    assert results["accuracy"] == 50.0
    assert results["details"]["3"] | {"prompt": "", "rule": "", "sure": True} == {
        "prompt": "",
        "origin_prediction": "#### 104",
        "predictions": "104",
        "references": "103",
        "correct": False,
        "score": 0.0,
        "rule": "",
        "sure": True,
        "subset": "",
        "finish": "stop",
        "reasoning": "",
    }
    assert results["details"]["4"]["correct"] is True
    (table,) = (folder / "summary").glob("summary_*.csv")
    head, row = (line.split(",") for line in table.read_text().splitlines())
    shown = dict(zip(head, row, strict=True))
    assert shown["data set"] == "gsm8k"
    assert (shown["score"], shown["answers"], shown["failed"], shown["extract rate"]) == (
        "50.00",
        "24",
        "0",
        "100.00",
    )
    assert "50.00" in done.stdout
    assert all(body["temperature"] == 0.0 for body in server.asked)


def test_scores_do_not_depend_on_concurrency(tmp_path: Path, data: Path) -> None:
    found = []
    with answering(adds_even_ones) as server:
        for concurrency in (1, 16):
            work_dir = tmp_path / str(concurrency)
            assert evaluate(work_dir, data, "--url", server.url, "--concurrency", concurrency).returncode == 0
            found.append(read(folder_in(work_dir) / "predictions" / "made-up" / "gsm8k.json"))
    assert found[0] == found[1]
    assert len(server.asked) == 2 * COUNT


def test_an_api_without_messages_gets_one_text(tmp_path: Path, data: Path) -> None:
    with answering(adds) as server:
        done = evaluate(
            tmp_path / "out", data, "--url", server.url, "--backend", "openai", "--num-prompts", 2
        )
    assert done.returncode == 0, done.stderr
    assert "holds 1 books" in server.asked[1]["prompt"] + server.asked[0]["prompt"]
    assert read(folder_in(tmp_path / "out") / "results" / "made-up" / "gsm8k.json")["accuracy"] == 100.0


def test_samples_of_a_question_have_keys_of_their_own(tmp_path: Path, data: Path) -> None:
    with answering(adds) as server:
        done = evaluate(
            tmp_path / "out", data, "--url", server.url, "--num-prompts", 2, "--n", 3, "--temperature", 0.7
        )
    assert done.returncode == 0, done.stderr
    predictions = read(folder_in(tmp_path / "out") / "predictions" / "made-up" / "gsm8k.json")
    assert list(predictions) == ["0", "0#1", "0#2", "1", "1#1", "1#2"]
    assert len(server.asked) == 6


def test_a_killed_evaluation_loses_no_answer(tmp_path: Path, data: Path) -> None:
    work_dir = tmp_path / "out"
    with answering(adds, hold_after=10) as server:
        process = start_command(*command(work_dir, data, "--url", server.url, "--concurrency", 4))
        wait_until(lambda: len(server.answered) == 10 and len(server.asked) == 14)
        finished = {text_of(body) for body in server.answered}
        kill(process)
        server.go_on.set()
        before = len(server.asked)
        done = evaluate(work_dir, data, "--url", server.url, "--concurrency", 4, "--reuse")
    assert done.returncode == 0, done.stderr
    assert finished.isdisjoint(server.texts()[before:])
    assert read(folder_in(work_dir) / "results" / "made-up" / "gsm8k.json")["accuracy"] == 100.0


def test_ctrl_c_scores_what_is_there(tmp_path: Path, data: Path) -> None:
    work_dir = tmp_path / "out"
    with answering(adds, hold_after=10) as server:
        process = start_command(
            *command(work_dir, data, "--url", server.url, "--concurrency", 4, "--grace", "0")
        )
        wait_until(lambda: len(server.answered) == 10 and len(server.asked) == 14)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    results = read(folder_in(work_dir) / "results" / "made-up" / "gsm8k.json")
    assert results["counts"]["answers"] == 10
    assert results["counts"]["missing"] == COUNT - 10
    assert "gsm8k" in out


def test_other_questions_are_not_mixed_in(tmp_path: Path, data: Path) -> None:
    work_dir = tmp_path / "out"
    with answering(adds) as server:
        assert evaluate(work_dir, data, "--url", server.url).returncode == 0
        path = data / "gsm8k" / "test.jsonl"
        path.write_text(path.read_text().replace("books", "volumes"))
        done = evaluate(work_dir, data, "--url", server.url, "--reuse")
    assert done.returncode == 2
    assert "a different prompt" in done.stderr
    assert len(server.asked) == COUNT


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--datasets", "gsm8"], "data set 'gsm8' is unknown; did you mean gsm8k?"),
        (
            ["--mode", "eval"],
            "--mode eval needs the answers of an earlier evaluation; name its folder with --reuse",
        ),
        (["--reuse", "19990101_000000", "--mode", "eval"], "holds no evaluation"),
        (["--n", "0"], "--n must be a whole number of at least 1"),
    ],
)
def test_what_cannot_be_evaluated_is_one_line(tmp_path: Path, data: Path, args: list[str], said: str) -> None:
    done = evaluate(tmp_path / "out", data, "--url", "http://127.0.0.1:9", *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_missing_data_set_says_what_belongs_where(tmp_path: Path) -> None:
    done = evaluate(tmp_path / "out", tmp_path / "nowhere", "--url", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "test.jsonl" in done.stderr
    assert str(tmp_path / "nowhere") in done.stderr
