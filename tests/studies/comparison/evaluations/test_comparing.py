"""`aisbench compare` of evaluations: the same questions, two models."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import scipy

from aisbench.studies.comparison.evaluations.comparing import ALL, compare_evaluations
from aisbench.studies.comparison.evaluations.reading import read_evaluations
from tests.studies.evaluation.answering import Body, answering
from tests.studies.evaluation.sums import adds, write_sums
from tests.system.running import run_command

COUNT = 40


def wrong_after(first: int) -> Any:
    """Right below question `first`, and wrong from there on."""

    def reply(body: Body) -> str:
        right = adds(body)
        total = int(right.rpartition(" ")[2])
        return right if total - 100 < first else f"#### {total + 1}"

    return reply


def aisbench(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_command(*args, cwd=cwd)


def evaluation(folder: Path, data: Path, first_wrong: int, *more: object) -> Path:
    """The folder of an evaluation."""
    with answering(wrong_after(first_wrong)) as server:
        done = aisbench(
            *("eval", "--url", server.url, "--datasets", "gsm8k", "--dataset-path", data, "--concurrency", 4),
            *("--no-progress", "--work-dir", folder, *more),
            cwd=folder.parent,
        )
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_sums(tmp_path / "datasets" / "gsm8k", COUNT)
    return tmp_path / "datasets"


def test_a_worse_model_is_found_by_the_questions_that_it_lost(tmp_path: Path, data: Path) -> None:
    full = evaluation(tmp_path / "full", data, 36)
    small = evaluation(tmp_path / "small", data, 24)
    done = aisbench("compare", f"full={full}", f"small={small}", "--output", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (pair,) = json.loads((tmp_path / "out" / "comparison.json").read_text())["pairs"]
    assert (pair["dataset"], pair["evaluation"], pair["verdict"]) == ("gsm8k", "small", "worse")
    assert (pair["questions"], pair["right_to_wrong"], pair["wrong_to_right"]) == (COUNT, 12, 0)
    assert (pair["first"], pair["second"], pair["difference"]) == pytest.approx((90.0, 60.0, -30.0))
    assert pair["p"] == pytest.approx(scipy.stats.binomtest(0, 12).pvalue)
    assert pair["low"] < -30 < pair["high"] < 0
    assert "small is worse than full: 60.00 % against 90.00 %" in done.stdout
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "Answered worse: 12 questions" in page
    assert "A shelf holds 24 books" in page
    assert "Answered better" not in page


def test_a_model_against_itself_cannot_be_told_apart(tmp_path: Path, data: Path) -> None:
    one = evaluation(tmp_path / "one", data, 30)
    other = evaluation(tmp_path / "other", data, 30)
    done = aisbench("compare", f"one={one}", f"other={other}", "--output", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (pair,) = json.loads((tmp_path / "out" / "comparison.json").read_text())["pairs"]
    assert (pair["verdict"], pair["p"], pair["difference"]) == ("cannot tell", 1.0, 0.0)
    assert "No difference between other and one can be shown" in done.stdout


def test_details_will_do_where_an_older_file_has_nothing_else(tmp_path: Path, data: Path) -> None:
    one = evaluation(tmp_path / "one", data, 36, "--dump-eval-details")
    other = evaluation(tmp_path / "other", data, 24, "--dump-eval-details")
    # Both may be of the same second, and so of one name.
    other = other.rename(other.with_name("later"))
    path = other / "results" / "made-up" / "gsm8k.json"
    content = json.loads(path.read_text())
    del content["questions"]
    path.write_text(json.dumps(content))
    done = aisbench("compare", one, other, "--output", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (pair,) = json.loads((tmp_path / "out" / "comparison.json").read_text())["pairs"]
    assert (pair["right_to_wrong"], pair["evaluation"]) == (12, other.name)


def made(folder: Path, **datasets: dict[str, list[float]]) -> Path:
    """An evaluation by its results alone: scores by question."""
    (folder / "results" / "m").mkdir(parents=True)
    for name, scores in datasets.items():
        questions = {key: {"prompt": f"{name} {key}", "scores": each} for key, each in scores.items()}
        (folder / "results" / "m" / f"{name}.json").write_text(json.dumps({"questions": questions}))
    return folder


def test_all_data_sets_together_and_what_only_one_has(tmp_path: Path) -> None:
    few = {str(k): [1.0] for k in range(10)}
    one = made(tmp_path / "one", a=few, b=few, c=few)
    other = made(tmp_path / "other", a=few, b={**few, "3": [0.0], "11": [1.0]})
    done = aisbench("compare", one, other, "--output", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [pair["dataset"] for pair in told["pairs"]] == ["a", "b", "all data sets"]
    assert [pair["questions"] for pair in told["pairs"]] == [10, 10, 20]
    assert [pair["only_second"] for pair in told["pairs"]] == [0, 1, 1]
    assert told["left_out"] == ["c"]
    assert "Not in all evaluations, so left out: c." in done.stdout


def test_questions_that_rules_and_a_judge_scored_count_once_over_all(tmp_path: Path) -> None:
    scores = {"a": {"0": [1.0]}, "a-judged": {"0": [0.0]}, "b": {"0": [1.0]}}
    folders = [str(made(tmp_path / name, **scores)) for name in ("one", "other")]
    found = compare_evaluations(read_evaluations(folders))
    assert {row.dataset: row.found.questions for row in found.rows} == {"a": 1, "a-judged": 1, "b": 1, ALL: 2}


def harness(folder: Path, **tasks: list[float]) -> Path:
    """An evaluation by lm-evaluation-harness, as it is kept: of each question, a row for each of two filters."""
    for part in ("results", "predictions"):
        (folder / part / "m").mkdir(parents=True)
    (folder / "results" / "m" / "lm-eval.json").write_text(json.dumps({"results": {}, "versions": {}}))
    for task, scores in tasks.items():
        rows = [
            {
                "doc_id": at,
                "filter": name,
                "prompt_hash": f"{task} {at}",
                "target": "4",
                "arguments": [["2 + 2?", {}]],
                "resps": [[f"{score}"]],
                "metrics": ["exact_match"],
                "exact_match": score if name == "strict-match" else 1.0,
            }
            for name in ("strict-match", "flexible-extract")
            for at, score in enumerate(scores)
        ]
        (folder / "predictions" / "m" / f"lm-eval-{task}.json").write_text(json.dumps(rows))
    return folder


def test_tasks_of_the_harness_are_compared_question_by_question(tmp_path: Path) -> None:
    one = harness(tmp_path / "one", gsm8k=[1.0] * 12)
    other = harness(tmp_path / "other", gsm8k=[1.0] * 3 + [0.0] * 9)
    done = aisbench("compare", one, other, "--output", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (pair,) = json.loads((tmp_path / "out" / "comparison.json").read_text())["pairs"]
    assert (pair["dataset"], pair["questions"], pair["right_to_wrong"]) == ("lm-eval-gsm8k", 12, 9)
    (answer, *_) = read_evaluations([str(one), str(other)])[1].answers("lm-eval-gsm8k").values()
    assert answer == {"origin_prompt": "2 + 2?", "prediction": "1.0", "gold": "4"}


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["a.json"], "evaluations are compared with evaluations alone"),
        ([], "one evaluation cannot be compared"),
        (["apart"], "no data set in common"),
        (["judged"], "the scores are accuracy and judged; score both in the same way"),
        (["bare"], "does not say what each question came to"),
        (["broken"], "does not hold samples of lm-evaluation-harness"),
        (["asked_otherwise"], "the prompts of 1 of 1 questions differ"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, others: list[str], said: str) -> None:
    (tmp_path / "a.json").write_text("{}")
    made(tmp_path / "one", a={"0": [1.0]})
    made(tmp_path / "apart", b={"0": [1.0]})
    made(tmp_path / "judged", a={"0": [1.0]})
    path = tmp_path / "judged" / "results" / "m" / "a.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "metric": "judged"}))
    made(tmp_path / "bare", a={"0": [1.0]})
    (tmp_path / "bare" / "results" / "m" / "a.json").write_text('{"accuracy": 50.0}')
    (harness(tmp_path / "broken") / "predictions" / "m" / "lm-eval-a.json").write_text("[{}]")
    made(tmp_path / "asked_otherwise", a={"0": [1.0]})
    path = tmp_path / "asked_otherwise" / "results" / "m" / "a.json"
    path.write_text(path.read_text().replace("a 0", "another prompt"))
    done = aisbench("compare", "one", *others, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert said in done.stderr
    assert not (tmp_path / "outputs").exists()
