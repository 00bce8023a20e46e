"""What --reuse remembers, and how scores by rules and by a judge live side by side; on folders made without a server."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from aisbench.accuracy.question import Answer
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.studies.campaign.campaign import Campaign
from aisbench.studies.campaign.tasks import Asked
from aisbench.studies.evaluation.data_sets import read_data_sets
from aisbench.studies.evaluation.evaluate import evaluate
from aisbench.studies.evaluation.folder import EvaluationFolder
from aisbench.studies.evaluation.predictions import Predictions
from aisbench.studies.evaluation.remembered import options_of
from aisbench.studies.evaluation.settings import Settings
from tests.studies.evaluation.sums import write_sums

COUNT = 6
EVEN = {"backend": "openai-chat", "temperature": 0.0}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_sums(tmp_path / "data" / "gsm8k", COUNT)
    return tmp_path / "data"


def config(tmp_path: Path, **options: Any) -> RunConfig:
    return RunConfig(**{**EVEN, "work_dir": str(tmp_path / "out"), **options})


def write_answers(
    folder: EvaluationFolder, config: RunConfig, settings: Settings, *, as_chat: bool = True
) -> None:
    """The first answer to each question is right, the others are wrong."""
    (one,) = read_data_sets(settings, ["gsm8k"])
    kept = Predictions(folder, "gsm8k", one.questions, settings.samples, as_chat=as_chat)
    kept.add(
        {
            (at, sample): Answer(f"#### {at + 100 + sample}", "", "stop")
            for at in range(len(one.questions))
            for sample in range(settings.samples)
        }
    )
    kept.write()
    folder.write_facts({"model": "m", "options": options_of(config, settings)})


def asked(tmp_path: Path, data: Path, **options: Any) -> EvaluationFolder:
    """The folder of an evaluation that asked four questions twice, of an API that takes one text."""
    settings = Settings(datasets=("gsm8k",), path=str(data), num_prompts=4, samples=2, **options)
    config_ = config(tmp_path, backend="openai")
    folder = EvaluationFolder.create(config_.work_dir, "m", {"model": "m"})
    write_answers(folder, config_, settings, as_chat=False)
    return folder


def scored(tmp_path: Path, settings: Settings, given: set[str]) -> list[str]:
    said: list[str] = []
    code = evaluate(
        config(tmp_path), settings, command=[], reuse="", live=False, given=given, say=said.append
    )
    assert code == 0
    return said


def counts(folder: EvaluationFolder) -> dict[str, int]:
    found: dict[str, int] = json.loads(folder.results_of("gsm8k").read_text())["counts"]
    return found


def test_the_options_of_the_questions_and_requests_are_remembered(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = asked(tmp_path, data)
    scored(tmp_path, Settings(mode="eval"), {"mode"})
    assert (counts(folder)["questions"], counts(folder)["answers"], counts(folder)["missing"]) == (4, 8, 0)
    said = capsys.readouterr().err
    assert (
        f"as before in {folder.path}: --dataset-path {data}, --num-prompts 4, --n 2, --backend openai" in said
    )


def test_what_is_given_again_stands_above_what_is_remembered(tmp_path: Path, data: Path) -> None:
    folder = asked(tmp_path, data)
    scored(tmp_path, Settings(datasets=("gsm8k",), mode="eval", samples=1), {"mode", "datasets", "samples"})
    assert (counts(folder)["answers"], counts(folder)["correct"]) == (4, 4)


def test_data_sets_that_were_asked_differently_are_refused(tmp_path: Path, data: Path) -> None:
    folder = asked(tmp_path, data)
    facts = folder.facts()
    other = {**facts["options"]["gsm8k"], "shots": 5}
    folder.write_facts({**facts, "options": {**facts["options"], "mmlu": other}})
    with pytest.raises(BadInput, match="gsm8k, mmlu were asked with different --shots"):
        scored(tmp_path, Settings(mode="eval"), {"mode"})


def test_the_folder_does_not_remember_what_starts_code_or_costs_money(tmp_path: Path) -> None:
    settings = Settings(datasets=("humaneval",), allow_code=True, include_path="tasks", judge_url="http://j")
    remembered = options_of(config(tmp_path), settings)
    assert remembered["humaneval"].keys().isdisjoint({"allow_code", "include_path", "judge_url"})


def test_a_shared_folder_remembers_too(tmp_path: Path, data: Path) -> None:
    """As `ais_bench --mode eval --reuse` does, without what stood after -- when the questions were asked."""
    settings = Settings(datasets=("gsm8k",), path=str(data), samples=2)
    folder = EvaluationFolder(tmp_path / "shared", "mine", "gsm8k")
    write_answers(folder, config(tmp_path), settings)
    code = evaluate(
        config(tmp_path, label="mine"),
        Settings(datasets=("gsm8k",), mode="eval"),
        command=[],
        reuse=None,
        live=False,
        into=str(folder.path),
        given={"mode", "datasets", "label"},
        say=lambda _: None,
    )
    assert (code, counts(folder)["answers"]) == (0, 2 * COUNT)


JUDGED = {
    "accuracy": 25.0,
    "metric": "judged",
    "stderr": 1.0,
    "interval": [20.0, 30.0],
    "counts": {"questions": 4, "answers": 8, "correct": 2, "no_answer": 0, "cut": 0, "unsure": 0, "missing": 0},
    "judge": {"model": "umpire", "asked": 8, "unreadable": 0, "unjudged": 0, "compared": 8, "alike": 6},
    "questions": {},
}  # fmt: skip


def test_scoring_by_rules_keeps_the_judges_scores_and_shows_both(tmp_path: Path, data: Path) -> None:
    folder = asked(tmp_path, data)
    judged = folder.results_of("gsm8k", judged=True)
    folder.write(JUDGED, judged)
    said = scored(tmp_path, Settings(mode="eval"), {"mode"})
    assert json.loads(judged.read_text()) == JUDGED
    assert json.loads(folder.results_of("gsm8k").read_text())["metric"] == "accuracy"
    rows = [line.split() for line in said[0].splitlines()]
    assert [row[0:3] for row in rows if row[1] in ("accuracy", "judged")] == [
        ["gsm8k", "accuracy", "50.00"],
        ["gsm8k", "judged", "25.00"],
    ]
    assert "gsm8k: judged by umpire; it agrees with the task's own rule on 6 of 8 answers" in said
    (table,) = folder.summary.glob("*.csv")
    assert "gsm8k,judged,25.00,1.00,8" in table.read_text()
    assert "judged by umpire" in folder.page.read_text()
    assert not any("earlier scoring" in line for line in said)


def test_an_earlier_scoring_of_other_answers_is_named(tmp_path: Path, data: Path) -> None:
    folder = asked(tmp_path, data)
    fewer = {**JUDGED, "counts": {**JUDGED["counts"], "answers": 3}}  # type: ignore[dict-item]
    folder.write(fewer, folder.results_of("gsm8k", judged=True))
    said = scored(tmp_path, Settings(mode="eval"), {"mode"})
    assert "gsm8k: the score judged is of an earlier scoring, of 3 answers instead of 8" in said[0]


def campaign(mode: str, *extra: str, dataset: str = "aime2025_gen_0_shot_llmjudge") -> Campaign:
    asked = Asked(models=("vllm_api_stream_chat",), datasets=(dataset,), mode=mode, extra=extra)
    return Campaign(asked, None, reuses=True)


def made_campaign(tmp_path: Path) -> Path:
    """A folder with both scores of one data set, and no answers to score again."""
    folder = EvaluationFolder(tmp_path / "made", "vllm-api-stream-chat")
    folder.write(JUDGED, folder.results_of("aime2025", judged=True))
    rules = {**JUDGED, "metric": "accuracy", "accuracy": 50.0}
    del rules["judge"]
    folder.write(rules, folder.results_of("aime2025"))
    return folder.path


def test_both_scores_are_in_the_table_of_a_campaign(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made_campaign(tmp_path)
    assert campaign("viz").run(folder, most=None, debug=False, command=[]) == 0
    (path,) = (folder / "summary").glob("*.csv")
    assert [row[2:] for row in csv.reader(path.open())][1:] == [
        ["accuracy", "gen", "50.00"],
        ["judged", "gen", "25.00"],
    ]
    assert "judged by umpire" in capsys.readouterr().out


def test_a_name_that_asks_for_a_judge_says_when_rules_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made_campaign(tmp_path)
    campaign("eval").run(folder, most=None, debug=False, command=[])
    assert (
        "aime2025_gen_0_shot_llmjudge: scored by the rules of aime2025; for a judge's verdicts, as its name says, give "
        "--mode judge and its server after --, as in -- --judge-url http://host:8000"
    ) in capsys.readouterr().err
    campaign("eval", dataset="aime2025_gen_0_shot_str").run(folder, most=None, debug=False, command=[])
    assert "judge's verdicts" not in capsys.readouterr().err


def test_all_with_a_judge_is_one_command_that_judges() -> None:
    (task,) = campaign("all", "--judge-url", "http://h:1").every_task(Path("folder"))
    assert (task.stage, task.command[:3]) == ("all", ("eval", "--mode", "all"))
    assert [task.stage for task in campaign("all").every_task(Path("folder"))] == ["infer", "eval"]


@pytest.mark.parametrize("mode", ["infer", "eval", "viz"])
def test_a_judge_in_a_mode_that_asks_none_is_refused(mode: str) -> None:
    with pytest.raises(BadInput, match=f"--judge-url has no effect with --mode {mode}; give --mode judge"):
        campaign(mode, "--judge-url=http://h:1")


def test_a_judges_options_without_its_server_are_refused() -> None:
    with pytest.raises(BadInput, match="--judge-model needs the judge's server"):
        Settings(datasets=("gsm8k",), judge_model="umpire").check()
    with pytest.raises(BadInput, match="--judge-model needs the judge's server; give it after --"):
        campaign("all", "--judge-model", "umpire")
