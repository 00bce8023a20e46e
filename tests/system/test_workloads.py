"""Every data set from the command line over real sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.conftest import QUICK
from tests.simulators import start_simulator
from tests.system.running import Finished, run_command, run_load
from tests.workload.conftest import tiny_tokenizer

QUIET = ("--concurrency", 4, "--no-progress")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small file for each kind of data set."""
    folder = tmp_path_factory.mktemp("data")
    tiny_tokenizer(lost="x").save_pretrained(folder / "tokenizer")
    turns = [
        {"from": "human", "value": "one two three four five"},
        {"from": "gpt", "value": "six seven eight nine ten"},
        {"from": "human", "value": "eleven twelve"},
        {"from": "gpt", "value": "thirteen"},
    ]
    (folder / "sharegpt.json").write_text(
        json.dumps([{"id": str(i), "conversations": turns} for i in range(6)])
    )
    lines: list[dict[str, Any]] = [
        {"prompt": "say one", "output_tokens": 3},
        {"messages": [{"role": "user", "content": "say two"}], "output_tokens": 4, "body": {"top_k": 1}},
        {"prompt": "say three", "output_tokens": 5, "system": "be short"},
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "rows.csv").write_text("prompt,output_tokens\nsay one,3\nsay two,4\n")
    trace = [
        {"timestamp": 0, "input_length": 20, "output_length": 4, "hash_ids": [0, 1]},
        {"timestamp": 150, "input_length": 30, "output_length": 5, "hash_ids": [0, 1, 2]},
        {"timestamp": 400, "input_length": 20, "output_length": 3, "hash_ids": [0, 3]},
    ]
    (folder / "trace.jsonl").write_text("".join(json.dumps(line) + "\n" for line in trace))
    (folder / "burst.csv").write_text(
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
        "5,GPT-4,12,6,18,API log\n6,GPT-4,9,3,12,API log\n7,ChatGPT,9,3,12,API log\n"
    )
    return folder


def load(tmp_path: Path, simulator: SimulatorProcess, *args: object) -> Finished:
    run = run_load(tmp_path / "out", "--url", simulator.url, *QUIET, *args)
    assert run.code == 0, run.err + run.out
    assert run.summary["failed"] == 0
    return run


def test_synthetic_strings_are_exact(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    law = ("--input-dist", "uniform:5-30", "--output-dist", "zipf:alpha=1.4,min=2,max=12")
    run = load(tmp_path, quick_simulator, "--dataset", "synthetic", *law, "--num-requests", 20)
    planned, counted = (
        run.summary["fingerprint"][name] for name in ("prompt_tokens", "prompt_tokens_of_server")
    )
    assert planned == counted
    assert 5 <= planned["min"] < planned["max"] <= 30


def test_synthetic_ids_are_exact_where_they_are_sent_as_they_are(
    tmp_path: Path, files: Path, quick_simulator: SimulatorProcess
) -> None:
    kind = ("--dataset", "synthetic", "--synthetic-kind", "tokenid", "--tokenizer", files / "tokenizer")
    run = load(tmp_path, quick_simulator, *kind, "--input-len", 17, "--output-len", 3, "--num-requests", 5)
    assert run.summary["total_input_tokens"] == 85


@pytest.mark.parametrize(
    ("dataset", "file", "count"),
    [("sharegpt", "sharegpt.json", 9), ("jsonl", "rows.jsonl", 3), ("csv", "rows.csv", 2)],
)
@pytest.mark.parametrize("backend", ["openai", "openai-chat"])
def test_files_of_prompts(
    tmp_path: Path,
    files: Path,
    quick_simulator: SimulatorProcess,
    dataset: str,
    file: str,
    count: int,
    backend: str,
) -> None:
    number = ("--num-requests", count) if dataset == "sharegpt" else ()
    where = ("--dataset", dataset, "--dataset-path", files / file, "--backend", backend)
    run = load(tmp_path, quick_simulator, *where, *number)
    assert run.summary["completed"] == count
    assert run.summary["fingerprint"]["dataset"]["name"] == dataset
    expected = {"sharegpt": 9 * 5, "jsonl": 12, "csv": 7}[dataset]
    assert run.summary["total_output_tokens"] == expected


def test_custom_and_burstgpt(tmp_path: Path, files: Path, quick_simulator: SimulatorProcess) -> None:
    run = load(
        tmp_path,
        quick_simulator,
        *("--dataset", "burstgpt", "--dataset-path", files / "burst.csv", "--tokenizer", files / "tokenizer"),
        *("--num-requests", 5),
    )
    assert run.summary["completed"] == 5


def test_a_trace_is_sent_at_its_own_times(
    tmp_path: Path, files: Path, quick_simulator: SimulatorProcess
) -> None:
    where = ("--dataset", "trace", "--dataset-path", files / "trace.jsonl", "--block-size", 10)
    run = load(tmp_path, quick_simulator, *where, "--speedup", 2)
    recorded = Run.load(run.folder)
    planned_ms = (recorded.rows["planned_ns"] - recorded.start_ns) / 1e6
    assert planned_ms.tolist() == [0, 75, 200]
    assert (recorded.rows["sent_ns"] >= recorded.rows["planned_ns"]).all()
    summary = run.summary
    assert summary["arrivals"]["process"] == "trace"
    assert summary["from_plan"] is not None
    # In blocks of 64 bytes, so somewhat below the 30 of 70 tokens that repeat.
    assert 0.1 < summary["fingerprint"]["prefix_reuse"] <= 30 / 70
    assert (summary["total_input_tokens"], summary["total_output_tokens"]) == (70, 12)


@pytest.mark.parametrize("backend", ["openai", "openai-chat"])
def test_later_turns_hold_the_real_answers(
    tmp_path: Path, quick_simulator: SimulatorProcess, backend: str
) -> None:
    run = load(
        tmp_path,
        quick_simulator,
        *("--dataset", "conversations", "--backend", backend, "--turns", 3, "--think-time", 0.02),
        *("--input-len", 10, "--output-len", 6, "--num-requests", 12),
    )
    rows = Run.load(run.folder).rows
    assert len(rows) == 12
    turns = rows[np.lexsort((rows["turn"], rows["conversation"]))].reshape(4, 3)
    counted = turns["prompt_tokens"]
    # Each turn adds its question and the six words answered to the one before.
    extra = np.diff(counted, axis=1)
    assert (extra >= 16).all()
    assert (extra == extra[0]).all()
    pauses = turns["sent_ns"][:, 1:] - turns["done_ns"][:, :-1]
    assert (pauses >= 20_000_000).all()
    assert [row["completed"] for row in run.summary["turns"]] == [4, 4, 4]
    assert "Turn 3" in run.out
    assert run.summary["verdict"]["status"] != "invalid" or run.summary["verdict"]["reasons"]


def test_recorded_answers_on_request(tmp_path: Path, files: Path, quick_simulator: SimulatorProcess) -> None:
    run = load(
        tmp_path,
        quick_simulator,
        *(
            "--dataset",
            "conversations",
            "--dataset-path",
            files / "sharegpt.json",
            "--backend",
            "openai-chat",
        ),
        *("--history", "recorded", "--output-len", 4),
    )
    rows = Run.load(run.folder).rows
    assert set(rows["prompt_tokens"][rows["turn"] == 0]) == {5}
    assert set(rows["prompt_tokens"][rows["turn"] == 1]) == {12}


def test_images_and_system_prompts_and_modules(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    run = load(
        tmp_path,
        quick_simulator,
        *("--dataset", "images", "--backend", "openai-chat", "--image-size", "16x8", "--image-count", 2),
        *("--input-len", 5, "--output-len", 4, "--num-requests", 4, "--system-prompt", "be kind"),
    )
    assert run.summary["completed"] == 4
    body = json.loads(bodies_of(run)[0])
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert [part["type"] for part in body["messages"][1]["content"]] == ["text", "image_url", "image_url"]


def bodies_of(run: Finished) -> list[bytes]:
    from aisbench._native.memory.bodies import BodyFile

    file = BodyFile(str(run.folder / "records/bodies.bin"))
    return [file[i] for i in range(file.count)]


def test_shared_prefixes_as_system_messages(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    run = load(
        tmp_path,
        quick_simulator,
        *("--dataset", "prefix-repetition", "--backend", "openai-chat", "--prefix-role", "system"),
        *(
            "--prefix-len",
            40,
            "--suffix-len",
            10,
            "--num-prefixes",
            2,
            "--output-len",
            3,
            "--num-requests",
            8,
        ),
    )
    systems = [json.loads(body)["messages"][0] for body in bodies_of(run)]
    assert {message["role"] for message in systems} == {"system"}
    assert len({json.dumps(message) for message in systems}) == 2
    assert run.summary["fingerprint"]["prefix_reuse"] > 0.4


def test_what_was_exported_is_sent_again_byte_for_byte(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    options = ["--rate", "40", "--num-requests", "12", "--input-len", "9", "--output-len", "4", "--seed", "3"]
    options += ["--backend", "openai-chat", "--model", "simulated-8b"]
    first = load(tmp_path / "a", quick_simulator, *options)
    file = tmp_path / "work.jsonl"
    assert run_command("workload", "export", *options, "--output", file).returncode == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [list(line) for line in lines[:1]] == [
        ["slot", "planned_s", "body", "prompt_tokens", "max_tokens", "sha256"]
    ]
    again = load(
        tmp_path / "b",
        quick_simulator,
        *("--dataset", "file", "--dataset-path", file, "--backend", "openai-chat"),
    )
    one, other = first.summary["fingerprint"], again.summary["fingerprint"]
    assert one["bodies"] == other["bodies"]
    assert one["arrivals"] == other["arrivals"]


def test_modules_are_asked_in_turns(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    modules = ("--lora-modules", "simulated-8b", "simulated-8b", "--lora-assignment", "round-robin")
    run = load(tmp_path, quick_simulator, *modules, "--num-requests", 4, "--input-len", 4, "--output-len", 2)
    assert {json.loads(body)["model"] for body in bodies_of(run)} == {"simulated-8b"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--dataset", "sharegpd"), "did you mean sharegpt?"),
        (("--dataset", "sharegpt", "--dataset-path", "/no/such.json"), "--dataset-path /no/such.json"),
        (("--dataset", "jsonl"), "--dataset-path"),
        (("--dataset", "random", "--turns", 3), "--turns is not an option of --dataset random"),
        (("--dataset", "images"), "openai-completions takes no"),
        (("--tokenizer", "/no/tokenizer"), "--tokenizer /no/tokenizer: there is no such folder"),
        (("--backend", "tgj"), "did you mean tgi?"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_left(
    tmp_path: Path, quick_simulator: SimulatorProcess, args: tuple[object, ...], said: str
) -> None:
    quick_simulator.reset()
    run = run_load(tmp_path / "out", "--url", quick_simulator.url, *QUIET, *args)
    assert run.code == 2
    assert run.err.startswith("error: ")
    assert said in run.err
    assert run.err.count("\n") == 1
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    assert quick_simulator.truth()["requests"] == 0


def test_bad_lines_are_left_out_or_refused_all_at_once(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(
        '{"prompt": "a"}\n{"prompt": \n{"output_tokens": 3}\n{"prompt": "b", "output_tokens": 0}\n'
    )
    where = ("--dataset", "jsonl", "--dataset-path", file)
    run = run_load(tmp_path / "refused", "--url", quick_simulator.url, *QUIET, *where, "--strict-dataset")
    assert run.code == 2
    assert all(f"(line {number})" in run.err for number in (2, 3, 4))
    assert "(line 1)" not in run.err
    run = load(tmp_path, quick_simulator, *where, "--num-requests", 3)
    assert run.summary["completed"] == 3
    rows = run.summary["fingerprint"]["dataset"]["rows"]
    assert (rows["used"], rows["left_out"]) == (1, 3)
    assert [kind["first_lines"] for kind in rows["kinds"]] == [[2], [3], [4]]
    assert any(note.startswith("left out 3 of 4 lines of bad.jsonl") for note in run.summary["notes"])


def test_prompts_beyond_the_model_s_context_are_counted_before_anything_is_sent(tmp_path: Path) -> None:
    with start_simulator([*QUICK, "--max-model-len", "40"]) as simulator:
        run = run_load(
            tmp_path / "out",
            *(
                "--url",
                simulator.url,
                *QUIET,
                "--input-len",
                30,
                "--range-ratio",
                '{"input": 0.5, "output": 0}',
            ),
            *("--output-len", 8, "--num-requests", 40),
        )
    lengths = np.load(run.folder / "records/prompt_tokens.npy")
    over = int((lengths + 8 > 40).sum())
    assert 0 < over < 40
    assert f"{over} of 40 requests ask for more than the model's context of 40 tokens" in run.err
    assert run.summary["failed"] == over
    assert run.summary["errors"] == {"http_400": over}
