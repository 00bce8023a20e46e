"""Whole campaigns of `ais_bench` against servers that know the answers."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
from pathlib import Path

import pytest

from aisbench.config.presets import preset_file
from aisbench.simulator.process import SimulatorProcess
from tests.forks import Fork, forks
from tests.simulators import start_simulator
from tests.studies.evaluation.answering import AnsweringServer, Body, answering, text_of
from tests.studies.evaluation.sums import adds, write_sums
from tests.system.running import environment, wait_for

COUNT = 12


def wrong(body: Body) -> str:
    return adds(body) + "0"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The same questions as two data sets."""
    write_sums(tmp_path / "datasets" / "gsm8k", COUNT)
    (tmp_path / "datasets" / "qa.jsonl").write_text(
        "".join(
            json.dumps({"question": f"A shelf holds {n} books.", "answer": str(n + 100)}) + "\n"
            for n in range(5)
        )
    )
    return tmp_path / "datasets"


def preset(folder: Path, name: str, server: AnsweringServer | SimulatorProcess) -> None:
    """One of ours for this server, as a user would change it."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    text = preset_file("vllm_api_stream_chat").read_text()
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(
        text.replace("localhost", host).replace("8080", port).replace("batch_size = 1", "batch_size = 4")
    )


def start(tmp_path: Path, *args: object) -> Fork:
    folders = ("-w", tmp_path / "out", "--config-dir", tmp_path / "presets")
    return forks().start("ais_bench_main", [*folders, *args], environment())


def run(tmp_path: Path, *args: object) -> tuple[int, str, str]:
    process = start(tmp_path, *args)
    out, err = process.communicate(timeout=100)
    return process.wait(), out, err


def folder_in(tmp_path: Path) -> Path:
    (folder,) = (tmp_path / "out").iterdir()
    return folder


def run_of(performances: Path) -> Path:
    (run,) = (performances / "synthetic_gen").iterdir()
    return run


def table_of(folder: Path) -> list[list[str]]:
    (path,) = (folder / "summary").glob("summary_*.csv")
    return list(csv.reader(path.open()))


def test_each_model_on_each_data_set_in_one_table(tmp_path: Path, data: Path) -> None:
    with answering(adds) as right, answering(wrong) as other:
        preset(tmp_path / "presets", "good_model", right)
        preset(tmp_path / "presets", "bad_model", other)
        code, out, err = run(
            tmp_path,
            *("--models", "good_model", "bad_model", "--datasets", "gsm8k_gen_0_shot_cot_chat_prompt", "qa"),
            *("--dataset-path", data, "--dump-eval-details"),
        )
        assert len(right.asked) == len(other.asked) == COUNT + 5
    assert code == 0, err
    folder = folder_in(tmp_path)
    assert table_of(folder) == [
        ["dataset", "version", "metric", "mode", "good-model", "bad-model"],
        ["gsm8k", "-", "accuracy", "gen", "100.00", "0.00"],
        ["qa", "-", "accuracy", "gen", "100.00", "0.00"],
    ]
    assert "100.00" in out
    kept = json.loads((folder / "predictions" / "good-model" / "gsm8k.json").read_text())
    assert kept["3"]["gold"] == "103"
    details = json.loads((folder / "results" / "bad-model" / "gsm8k.json").read_text())["details"]
    assert details["3"]["predictions"] == "1030"
    assert details["3"]["correct"] is False
    assert "holds 3 books" in (folder / "results" / "bad-model" / "gsm8k.html").read_text()
    log = folder / "logs" / "infer" / "good-model" / "gsm8k_gen_0_shot_cot_chat_prompt.out"
    assert log.read_text().startswith(
        "$ aisbench eval --mode infer --datasets gsm8k --shots 0 --models good_model"
    )
    assert (folder / "configs" / "good_model.toml").is_file()


def test_a_key_is_in_no_file(tmp_path: Path, data: Path) -> None:
    with answering(adds) as server:
        preset(tmp_path / "presets", "keyed", server)
        path = tmp_path / "presets" / "keyed.toml"
        path.write_text(path.read_text().replace('api_key = ""', 'api_key = "c0ffee-for-all"'))
        code, _, err = run(tmp_path, "--models", "keyed", "--datasets", "gsm8k", "--dataset-path", data)
        assert code == 0, err
        assert "Bearer c0ffee-for-all" in server.keys
    for file in folder_in(tmp_path).rglob("*"):
        assert not file.is_file() or b"c0ffee" not in file.read_bytes(), file


def test_a_task_that_fails_names_its_log_and_the_others_go_on(tmp_path: Path, data: Path) -> None:
    with answering(adds) as right, answering(adds) as gone:
        preset(tmp_path / "presets", "here", right)
        preset(tmp_path / "presets", "gone", gone)
        gone.end()
        code, _, err = run(
            tmp_path, "--models", "gone", "here", "--datasets", "gsm8k", "--dataset-path", data
        )
    folder = folder_in(tmp_path)
    assert code == 1
    failed = next(line for line in err.splitlines() if line.startswith("infer gone/gsm8k failed"))
    assert str(folder / "logs" / "infer" / "gone" / "gsm8k.out") in failed
    assert "cannot connect" in failed
    assert table_of(folder)[1] == ["gsm8k", "-", "accuracy", "gen", "-", "100.00"]


def contents_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_reuse_asks_only_what_is_missing_and_one_command_at_a_time(tmp_path: Path, data: Path) -> None:
    with answering(adds, hold_after=5) as server:
        preset(tmp_path / "presets", "held", server)
        args = ("--models", "held", "--datasets", "gsm8k", "--dataset-path", data)
        process = start(tmp_path, *args)
        wait_for(process, lambda: len(server.answered) >= 5)
        folder = folder_in(tmp_path)
        configs = contents_of(folder / "configs")
        code, _, err = run(tmp_path, *args, "--reuse")
        assert (code, len(err.splitlines())) == (2, 1), err
        assert err.startswith(f"error: another aisbench is at work in {folder}; wait until it has ended")
        assert contents_of(folder / "configs") == configs
        process.send_signal(signal.SIGINT)
        server.go_on.set()
        _, err = process.communicate(timeout=100)
        assert process.returncode == 130, err
        assert "interrupted; --reuse goes on" in err
        before = len(server.answered)
        code, _, err = run(tmp_path, *args, "--reuse")
        assert code == 0, err
        assert len(server.asked) <= COUNT + 4
        assert before >= 5
    assert table_of(folder_in(tmp_path))[1][-1] == "100.00"


def test_perf_writes_the_tables_of_each_load(tmp_path: Path) -> None:
    with answering(lambda _: "one two") as server:
        preset(tmp_path / "presets", "served", server)
        args = ("--models", "served", "--datasets", "synthetic_gen")
        code, out, err = run(
            tmp_path,
            *args,
            *("--mode", "perf", "--num-prompts", 8, "--num-warmups", 1, "--", "--input-len", 9),
        )
        assert code == 0, err
        assert len(server.asked) == 9
    folder = folder_in(tmp_path)
    written = folder / "performances" / "served"
    rows = {(row[0], row[1]): row for row in csv.reader((written / "synthetic_gen.csv").open())}
    assert rows["InputTokens", "total"][2] == "7"
    assert rows["E2EL", "total"][-1] == "8"
    common = json.loads((written / "synthetic_gen.json").read_text())
    assert common["Success Requests"]["total"] == "8"
    assert (written / "synthetic_gen_plot.html").read_text().startswith("<!DOCTYPE html>")
    assert len((written / "synthetic_gen_details.jsonl").read_text().splitlines()) == 8
    assert "Success Requests" in out
    assert (
        f"Verdict: {json.loads((run_of(written) / 'summary.json').read_text())['verdict']['status']}" in out
    )
    (written / "synthetic_gen.csv").unlink()
    code, _, err = run(tmp_path, *args, "--mode", "perf_viz", "--reuse")
    assert code == 0, err
    assert (written / "synthetic_gen.csv").is_file()


def test_a_judge_scores_the_answers_of_several_models(tmp_path: Path, data: Path) -> None:
    def judges(body: Body) -> str:
        found = re.search(
            r"<reference_answer>\n(.*)\n</reference_answer>.*\n#### (.*)\n</answer>", text_of(body), re.DOTALL
        )
        assert found is not None
        return f"VERDICT: {'CORRECT' if found[1] == found[2] else 'INCORRECT'}"

    key = "sk-judge-4711-secret"
    with answering(adds) as right, answering(wrong) as other, answering(judges) as judge:
        preset(tmp_path / "presets", "good_model", right)
        preset(tmp_path / "presets", "bad_model", other)
        args = ("--models", "good_model", "bad_model", "--datasets", "gsm8k", "--dataset-path", data)
        code, _, err = run(tmp_path, *args, "--mode", "infer")
        assert code == 0, err
        of_judge = ("--", "--judge-url", judge.url, "--judge-api-key", key)
        code, out, err = run(tmp_path, *args, "--mode", "judge", "--reuse", *of_judge)
        assert code == 0, err
        assert (len(right.asked), len(other.asked), len(judge.asked)) == (COUNT, COUNT, 2 * COUNT)
        folder = folder_in(tmp_path)
        assert table_of(folder)[1] == ["gsm8k", "-", "judged", "gen", "100.00", "0.00"]
        assert (
            f"bad-model/gsm8k: judged by made/up; it agrees with the task's own rule on {COUNT} of {COUNT}"
            in out
        )
        code, out, err = run(tmp_path, *args, "--mode", "infer_judge", "--reuse", *of_judge)
        assert code == 0, err
        assert (len(right.asked), len(other.asked), len(judge.asked)) == (COUNT, COUNT, 2 * COUNT)
        assert set(judge.keys) == {f"Bearer {key}"}
    assert not any(key in path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def test_questions_without_an_answer_and_answers_that_were_cut_are_told(tmp_path: Path, data: Path) -> None:
    with start_simulator(["--fault", "http-500:0.5", "--seed", "1"]) as server:
        preset(tmp_path / "presets", "faulty", server)
        args = ("--models", "faulty", "--datasets", "gsm8k", "--dataset-path", data)
        code, out, err = run(tmp_path, *args, "--", "--output-len", 8)
    assert code == 0, err
    counts = json.loads((folder_in(tmp_path) / "results" / "faulty" / "gsm8k.json").read_text())["counts"]
    assert 0 < counts["missing"] < COUNT
    assert f"faulty/gsm8k: {counts['missing']} of {COUNT} questions have no answer" in out
    assert f"faulty/gsm8k: {counts['cut']} of {counts['answers']} answers were cut at the length limit" in out
    assert counts["cut"] == counts["answers"] == COUNT - counts["missing"]


def test_a_load_with_questions_looks_for_them_in_the_same_folder(tmp_path: Path, data: Path) -> None:
    (tmp_path / "presets").mkdir()
    shutil.copy(preset_file("vllm_api_stream_chat"), tmp_path / "presets" / "served.toml")
    args = (
        "--models",
        "served",
        "--datasets",
        "gsm8k_gen_0_shot_cot_str_perf",
        "--mode",
        "perf",
        "--dry-run",
    )
    code, out, err = run(tmp_path, *args, "--dataset-path", data)
    assert code == 0, err
    assert f" --dataset-path {data} " in out
    # The examples of the name are in front of a load's questions, too.
    assert " --dataset gsm8k --shots 0 " in out
    code, out, err = run(tmp_path, *args)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert err.startswith("error: --dataset-path datasets ")


def test_dry_run_prints_commands_and_search_their_values(tmp_path: Path, data: Path) -> None:
    with answering(adds) as server:
        preset(tmp_path / "presets", "served", server)
        args = ("--models", "served", "--datasets", "gsm8k", "--dataset-path", data)
        code, out, _ = run(tmp_path, *args, "--dry-run")
        assert (code, len(out.splitlines())) == (0, 2)
        assert out.startswith("aisbench eval --mode infer --datasets gsm8k --models served")
        code, out, err = run(tmp_path, *args, "--search")
        assert code == 0, err
        assert f"preset {tmp_path / 'presets' / 'served.toml'}" in out
        assert f"data set file {data / 'gsm8k' / 'test.jsonl'}" in out
        assert "--concurrency 4 (preset" in out
        code, out, err = run(tmp_path, *args, "--mode", "perf", "--search")
        assert code == 0, err
        assert "--concurrency 4 (preset" in out
        assert not server.asked
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--datasets", "gsm8k"], "--models is missing"),
        (["--models", "served"], "--datasets is missing"),
        (["--models", "severed", "--datasets", "gsm8k"], "did you mean served"),
        (["--models", "served", "--datasets", "gsm8k_gen", "gsm8k"], "are one data set here"),
        (["--models", "served", "--datasets", "mmlu"], "mmlu"),
        (["--models", "served", "--datasets", "gsm8k", "--mode", "viz"], "name its folder with --reuse"),
        (
            ["--models", "served", "--datasets", "gsm8k", "--mode", "viz", "--reuse", "nothing"],
            "holds no results",
        ),
        (
            ["--models", "served", "--datasets", "gsm8k", "--mode", "infer_judge"],
            "--mode infer_judge needs a judge; give its server after --, as in -- --judge-url http://host:8000",
        ),
        (["config.py"], "Python configurations are not supported"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(
    tmp_path: Path, data: Path, args: list[str], said: str
) -> None:
    (tmp_path / "presets").mkdir()
    shutil.copy(preset_file("vllm_api_stream_chat"), tmp_path / "presets" / "served.toml")
    code, out, err = run(tmp_path, "--dataset-path", data, *args)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert said in err
    assert not (tmp_path / "out").exists()
