"""Whole evaluations that a judge scores: a second server, which says whether a sum is right."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.studies.evaluation.answering import AnsweringServer, Body, answering, text_of
from tests.studies.evaluation.sums import adds, write_sums
from tests.system.running import kill, run_command, start_command
from tests.waiting import wait_until

COUNT = 12
TEMPLATE = "Q: {question}\nGold: {reference}\nSaid: {prediction}\nIs that right?"
KEY = "sk-judge-4711-secret"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_sums(tmp_path / "datasets" / "gsm8k", COUNT)
    return tmp_path / "datasets"


@pytest.fixture
def answered(tmp_path: Path, data: Path) -> Path:
    """The folder of an evaluation whose odd sums are wrong by one."""
    with answering(adds_even_ones) as server:
        done = evaluate(tmp_path / "out", data, "--url", server.url, "--mode", "infer")
    assert done.returncode == 0, done.stderr
    return folder_in(tmp_path / "out")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.txt"
    path.write_text(TEMPLATE)
    return path


@pytest.fixture
def fair() -> Iterator[AnsweringServer]:
    with answering(judges) as server:
        yield server


def adds_even_ones(body: Body) -> str:
    total = int(adds(body).rpartition(" ")[2])
    return f"<think>Perhaps {total + 7}.</think>That makes\n#### {total + total % 2}"


def parts_of(body: Body) -> tuple[str, str]:
    """Gold and prediction, as the template has them."""
    found = re.search(r"Gold: (.*)\nSaid: (.*)\nIs that right", text_of(body), re.DOTALL)
    assert found is not None
    return found[1], found[2]


def judges(body: Body) -> str:
    gold, said = parts_of(body)
    right = said.split()[-1] == gold
    return f"<think>VERDICT: {'INCORRECT' if right else 'CORRECT'}?</think>I compared them.\nVERDICT: {'CORRECT' if right else 'INCORRECT'}"


def command(work_dir: Path, data: Path, *args: object) -> list[str]:
    return [
        *("eval", "--work-dir", str(work_dir), "--dataset-path", str(data)),
        *("--datasets", "gsm8k", "--no-progress", *map(str, args)),
    ]


def evaluate(work_dir: Path, data: Path, *args: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_command(*command(work_dir, data, *args), variables=variables)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def folder_in(work_dir: Path) -> Path:
    (folder,) = work_dir.iterdir()
    return folder


def judged(folder: Path) -> dict[str, Any]:
    return read(folder / "results" / "made-up" / "gsm8k-judged.json")


def test_answers_that_exist_are_scored_by_the_judge(
    tmp_path: Path, data: Path, answered: Path, template: Path, fair: AnsweringServer
) -> None:
    args = ("--mode", "judge", "--reuse", "--judge-url", fair.url, "--judge-prompt", template)
    done = evaluate(tmp_path / "out", data, *args, "--dump-eval-details")
    assert done.returncode == 0, done.stderr
    results = judged(answered)
    assert (results["accuracy"], results["metric"]) == (50.0, "judged")
    assert results["judge"] == {
        "model": "made/up",
        "asked": COUNT,
        "unreadable": 0,
        "unjudged": 0,
        "compared": COUNT,
        "alike": COUNT,
    }
    detail = results["details"]["3"]
    assert (detail["correct"], detail["rule"], detail["sure"]) == (False, "judge", True)
    assert detail["why"] == "I compared them.\nVERDICT: INCORRECT"
    assert (detail["predictions"], detail["references"]) == ("104", "103")
    assert "I compared them." in (answered / "evaluation.html").read_text()
    assert (
        f"gsm8k: judged by made/up; it agrees with the task's own rule on {COUNT} of {COUNT} answers"
        in done.stdout
    )
    (table,) = (answered / "summary").glob("summary_*.csv")
    assert table.read_text().splitlines()[1].startswith("gsm8k,judged,50.00,")
    kept = read(answered / "judgements" / "made-up" / "gsm8k.json")
    assert list(kept) == [str(index) for index in range(COUNT)]
    assert kept["4"]["prediction"].endswith("VERDICT: CORRECT")


def test_the_judge_sees_the_answer_without_its_thinking(
    tmp_path: Path, data: Path, answered: Path, template: Path, fair: AnsweringServer
) -> None:
    args = ("--mode", "judge", "--reuse", "--judge-url", fair.url, "--judge-prompt", template)
    assert evaluate(tmp_path / "out", data, *args, "--temperature", 0.9).returncode == 0
    assert len(fair.asked) == COUNT
    assert {body["temperature"] for body in fair.asked} == {0.0}
    (third,) = (text for text in fair.texts() if "holds 3 books" in text)
    assert third.startswith("Q: ")
    assert "How many books are there?" in third
    assert third.endswith("Gold: 103\nSaid: That makes\n#### 104\nIs that right?")


def test_asking_and_judging_in_one_command(tmp_path: Path, data: Path, template: Path) -> None:
    with answering(adds) as server, answering(judges) as judge:
        args = ("--mode", "infer_judge", "--judge-url", judge.url, "--judge-prompt", template)
        done = evaluate(
            *(tmp_path / "out", data, "--url", server.url, *args),
            *("--api-key", "sk-tested-0815", "--extra-body", '{"top_k": 1}', "--judge-model", "umpire"),
        )
    assert done.returncode == 0, done.stderr
    assert judged(folder_in(tmp_path / "out"))["accuracy"] == 100.0
    assert {body["model"] for body in judge.asked} == {"umpire"}
    assert all("top_k" in body for body in server.asked)
    assert not any("top_k" in body for body in judge.asked)


def test_all_with_a_judge_scores_by_rules_and_by_the_judge(
    tmp_path: Path, data: Path, template: Path
) -> None:
    """A judge that refuses the fields of its requests gets its own."""
    with answering(adds_even_ones) as server, answering(judges) as judge:
        done = evaluate(
            *(tmp_path / "out", data, "--url", server.url, "--num-prompts", 4),
            *("--judge-url", judge.url, "--judge-prompt", template, "--judge-omit-field", "temperature"),
            *("--judge-omit-field", "max_completion_tokens", "--judge-omit-field", "max_tokens"),
            *("--judge-extra-body", '{"reasoning_effort": "low"}', "--dump-eval-details"),
        )
    assert done.returncode == 0, done.stderr
    folder = folder_in(tmp_path / "out")
    by_rules = read(folder / "results" / "made-up" / "gsm8k.json")
    assert (by_rules["metric"], by_rules["accuracy"], judged(folder)["accuracy"]) == ("accuracy", 50.0, 50.0)
    (table,) = (folder / "summary").glob("summary_*.csv")
    assert [line.split(",")[1] for line in table.read_text().splitlines()[1:]] == ["accuracy", "judged"]
    assert {body["reasoning_effort"] for body in judge.asked} == {"low"}
    kept = {"model", "messages", "stream", "stream_options", "reasoning_effort"}
    assert all(body.keys() <= kept for body in judge.asked), judge.asked[0].keys()
    assert all(body["temperature"] == 0.0 and "reasoning_effort" not in body for body in server.asked)
    page = (folder / "evaluation.html").read_text()
    assert "gsm8k (judged)" in page
    assert "1 data set, 4 answers" in page


def test_the_default_template_asks_for_a_verdict_that_is_read(
    tmp_path: Path, data: Path, answered: Path
) -> None:
    with answering(lambda _: "The same number.\nVERDICT: CORRECT") as judge:
        done = evaluate(tmp_path / "out", data, "--mode", "judge", "--reuse", "--judge-url", judge.url)
    assert judged(answered)["accuracy"] == 100.0
    assert f"agrees with the task's own rule on {COUNT // 2} of {COUNT} answers" in done.stdout
    (third,) = (text for text in judge.texts() if "holds 3 books" in text)
    assert "<reference_answer>\n103\n</reference_answer>" in third
    assert "<answer>\nThat makes\n#### 104\n</answer>" in third
    assert third.endswith("VERDICT: CORRECT\nVERDICT: INCORRECT\n")


def test_a_judgement_without_a_verdict_is_counted_as_such(
    tmp_path: Path, data: Path, answered: Path, template: Path
) -> None:
    def hesitates(body: Body) -> str:
        return "Who can tell?" if parts_of(body)[0] in ("102", "104") else judges(body)

    with answering(hesitates) as judge:
        args = ("--mode", "judge", "--reuse", "--judge-url", judge.url, "--judge-prompt", template)
        done = evaluate(tmp_path / "out", data, *args, "--dump-eval-details")
    results = judged(answered)
    assert results["judge"]["unreadable"] == 2
    assert (results["judge"]["compared"], results["judge"]["alike"]) == (COUNT - 2, COUNT - 2)
    assert results["accuracy"] == pytest.approx(100 * (COUNT // 2 - 2) / COUNT)
    assert (results["details"]["2"]["sure"], results["details"]["2"]["why"]) == (False, "Who can tell?")
    assert f"no readable verdict in 2 of {COUNT} judgements, which count as incorrect" in done.stdout


def test_empty_and_unfinished_answers_are_wrong_without_asking(
    tmp_path: Path, data: Path, template: Path, fair: AnsweringServer
) -> None:
    def falls_silent(body: Body) -> str:
        total = int(adds(body).rpartition(" ")[2])
        return {100: "\n", 101: f"<think>{total}", 102: f"<think>{total}</think>\n"}.get(total, str(total))

    with answering(falls_silent) as server:
        args = ("--mode", "infer_judge", "--judge-url", fair.url, "--judge-prompt", template)
        done = evaluate(tmp_path / "out", data, "--url", server.url, *args, "--dump-eval-details")
    assert done.returncode == 0, done.stderr
    assert len(fair.asked) == COUNT - 3
    results = judged(folder_in(tmp_path / "out"))
    assert (results["counts"]["no_answer"], results["counts"]["correct"]) == (3, COUNT - 3)
    assert [results["details"][key]["rule"] for key in ("0", "1", "2", "3")] == [
        "no answer",
        "unfinished thinking",
        "no answer",
        "judge",
    ]


def test_a_killed_judging_loses_no_judgement(
    tmp_path: Path, data: Path, answered: Path, template: Path
) -> None:
    args = ("--mode", "judge", "--reuse", "--judge-prompt", template, "--concurrency", 3)
    with answering(judges, hold_after=5) as judge:
        process = start_command(*command(tmp_path / "out", data, *args, "--judge-url", judge.url))
        wait_until(lambda: len(judge.answered) == 5 and len(judge.asked) == 8)
        finished = {text_of(body) for body in judge.answered}
        kill(process)
        judge.go_on.set()
        done = evaluate(tmp_path / "out", data, *args, "--judge-url", judge.url)
        assert done.returncode == 0, done.stderr
        assert finished.isdisjoint(judge.texts()[8:])
        assert len(judge.asked) == 8 + COUNT - 5
        again = evaluate(tmp_path / "out", data, *args, "--judge-url", judge.url)
        assert again.returncode == 0, again.stderr
        assert len(judge.asked) == 8 + COUNT - 5
    assert judged(answered)["accuracy"] == 50.0


def test_another_judge_judges_again_and_the_first_ones_words_are_not_lost(
    tmp_path: Path, data: Path, answered: Path, template: Path, fair: AnsweringServer
) -> None:
    args = (
        "--mode",
        "judge",
        "--reuse",
        "--judge-url",
        fair.url,
        "--judge-prompt",
        template,
        "--judge-model",
    )
    for model, asked in (("one", COUNT), ("two", 2 * COUNT), ("one", 2 * COUNT)):
        assert evaluate(tmp_path / "out", data, *args, model).returncode == 0
        assert len(fair.asked) == asked
        assert judged(answered)["judge"]["model"] == model


def test_answers_that_were_not_judged_are_not_in_the_score(
    tmp_path: Path, data: Path, answered: Path, template: Path
) -> None:
    args = ("--mode", "judge", "--reuse", "--judge-prompt", template, "--concurrency", 7, "--timeout", 1)
    with answering(judges, hold_after=5) as judge:
        done = evaluate(tmp_path / "out", data, *args, "--judge-url", judge.url)
    assert done.returncode == 0, done.stderr
    results = judged(answered)
    assert (results["counts"]["answers"], results["judge"]["unjudged"]) == (5, COUNT - 5)
    assert results["counts"]["missing"] == COUNT - 5
    assert f"{COUNT - 5} questions to the judge failed" in done.stderr
    assert f"answers without a judgement, which are not in the score: {COUNT - 5};" in done.stdout


def test_the_judges_key_goes_to_the_judge_alone_and_into_no_file(
    tmp_path: Path, data: Path, template: Path
) -> None:
    with answering(adds) as server, answering(judges) as judge:
        args = ("--mode", "infer_judge", "--judge-url", judge.url, "--judge-prompt", template)
        done = evaluate(
            *(tmp_path / "one", data, "--url", server.url, *args, "--judge-api-key", KEY),
            *("--api-key", "sk-tested-0815"),
        )
        assert done.returncode == 0, done.stderr
        assert (set(server.keys), set(judge.keys)) == ({"Bearer sk-tested-0815"}, {f"Bearer {KEY}"})
        server.keys.clear()
        judge.keys.clear()
        done = evaluate(*(tmp_path / "two", data, "--url", server.url, *args), AISBENCH_JUDGE_API_KEY=KEY)
        assert done.returncode == 0, done.stderr
        assert (set(server.keys), set(judge.keys)) == ({None}, {f"Bearer {KEY}"})
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in content for content in written)
    assert KEY not in done.stderr + done.stdout


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_what_cannot_be_judged_is_one_line_before_anything_is_sent(tmp_path: Path, data: Path) -> None:
    (tmp_path / "bare.txt").write_text("Is {answer} right?")
    gone = f"http://127.0.0.1:{closed_port()}"
    with answering(adds) as server:
        for args, said in (
            ((), "--mode infer_judge needs a judge; give its server, such as --judge-url http://host:8000"),
            (("--judge-url", gone), f"--judge-url {gone}: cannot connect"),
            (("--judge-url", "ftp://x"), "--judge-url ftp://x is not the URL of a server"),
            (
                ("--judge-url", "http://me:pass@host"),
                "--judge-url holds a user name, but a judge is sent a bearer token alone; leave the name out, and give "
                "the token with --judge-api-key",
            ),
            (
                ("--judge-url", f"{server.url}/v1?version=2"),
                f"--judge-url {server.url}/v1?version=2 has a query, which is not sent to a judge; leave ?version=2 out",
            ),
            (
                ("--judge-url", f"{server.url}/v1/embeddings"),
                "--judge-url ends in /embeddings, but a judge is asked at /v1/chat/completions; "
                f"give --judge-url {server.url}/v1",
            ),
            (
                ("--judge-url", server.url, "--judge-api-key", "sk-\n1"),
                "the API key (--judge-api-key or AISBENCH_JUDGE_API_KEY) has a character that a header cannot carry",
            ),
            (
                ("--judge-url", server.url, "--judge-prompt", tmp_path / "bare.txt"),
                f"--judge-prompt {tmp_path / 'bare.txt'} has no {{prediction}}",
            ),
            (
                ("--judge-url", server.url, "--judge-prompt", tmp_path / "none.txt"),
                "none.txt cannot be read: No such file or directory",
            ),
            (
                ("--judge-url", server.url, "--judge-output-len", 0),
                "--judge-output-len must be a whole number of at least 1, got 0",
            ),
        ):
            done = evaluate(tmp_path / "out", data, "--url", server.url, "--mode", "infer_judge", *args)
            assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1), done.stderr
            assert said in done.stderr
        done = evaluate(tmp_path / "out", data, "--mode", "eval", "--judge-model", "umpire")
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1), done.stderr
        assert "--judge-model has no effect with --mode eval; give --mode judge" in done.stderr
        done = evaluate(tmp_path / "out", data, "--mode", "judge", "--judge-url", server.url)
        assert done.returncode == 2
        assert "--mode judge" in done.stderr
        assert "--reuse" in done.stderr
    assert server.asked == []
    assert not (tmp_path / "out").exists()
