"""IFEval: the published checkers through lm_eval where it is installed; the adapter's own part with checkers put in."""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisbench.accuracy.question import Answer
from aisbench.accuracy.task import Source, Task
from aisbench.accuracy.tasks import ifeval
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput

DATA = Path(__file__).parents[2] / "data" / "accuracy" / "ifeval"
IFEVAL = task_named("ifeval")


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    ifeval._checkers.cache_clear()
    yield
    ifeval._checkers.cache_clear()


@pytest.fixture
def published() -> Task:
    """The task with lm_eval's checkers; skips where they are not installed."""
    if importlib.util.find_spec("lm_eval") is None:
        pytest.skip("lm_eval is not installed")
    try:
        ifeval._checkers()
    except BadInput as problem:
        pytest.skip(str(problem))
    return IFEVAL


@pytest.fixture
def simple(monkeypatch: pytest.MonkeyPatch) -> Task:
    """The task with checkers of two instructions: no comma, and at least `words` words."""

    def check(asked: Any, text: str, texts: list[str]) -> Any:
        kept = [
            any(
                bool(one.strip())
                and ("," not in one if name == "comma" else len(one.split()) >= given["words"])
                for one in texts
            )
            for name, given in zip(asked.ids, asked.kwargs, strict=True)
        ]
        return types.SimpleNamespace(follow_instruction_list=kept)

    module: Any = types.ModuleType("lm_eval.tasks.ifeval.utils")
    module.InputExample = lambda key, ids, prompt, kwargs: types.SimpleNamespace(ids=ids, kwargs=kwargs)
    module.test_instruction_following_strict = lambda asked, text: check(asked, text, [text])
    module.test_instruction_following_loose = lambda asked, text: check(
        asked, text, [text, text.partition("\n")[2]]
    )
    module.instructions_registry = types.SimpleNamespace(INSTRUCTION_DICT={"comma": 1, "words": 2})
    package: Any = types.ModuleType("lm_eval.tasks.ifeval")
    package.utils = module
    nltk: Any = types.ModuleType("nltk")
    nltk.data = types.SimpleNamespace(find=lambda name: name)
    langdetect: Any = types.ModuleType("langdetect")
    langdetect.DetectorFactory = types.SimpleNamespace(seed=None)
    for name, one in {
        "lm_eval": types.ModuleType("lm_eval"),
        "lm_eval.tasks": types.ModuleType("lm_eval.tasks"),
        "lm_eval.tasks.ifeval": package,
        "lm_eval.tasks.ifeval.utils": module,
        "nltk": nltk,
        "langdetect": langdetect,
    }.items():
        monkeypatch.setitem(sys.modules, name, one)
    return IFEVAL


def written(path: Path, **row: object) -> Source:
    (path / "input_data.jsonl").write_text(json.dumps(row))
    return Source(path)


def test_own_samples_are_followed(published: Task) -> None:
    questions = published.read(Source(DATA))
    answers = [json.loads(line)["answer"] for line in (DATA / "answers.jsonl").read_text().splitlines()]
    assert len(questions) == 31
    for question, text in zip(questions, answers, strict=True):
        scored = published.score(question, Answer(text))
        assert scored.correct, (question.prompt, scored.why)


def test_strict_and_loose(published: Task) -> None:
    question = published.read(Source(DATA))[0]
    scored = published.score(question, Answer("Sure, here you go:\nRain falls."))
    assert scored.parts["prompt_strict"] == (0.0,)
    assert scored.parts["prompt_loose"] == (1.0,)
    assert scored.why == "does not follow punctuation:no_comma"


def test_arguments_that_do_not_fit(published: Task, tmp_path: Path) -> None:
    source = written(tmp_path, prompt="x", instruction_id_list=["punctuation:no_comma"], kwargs=[{"many": 3}])
    with pytest.raises(BadInput, match="row 1: 'kwargs' do not fit punctuation:no_comma"):
        published.read(source)


def test_metrics_of_prompts_and_of_instructions(simple: Task, tmp_path: Path) -> None:
    (question,) = simple.read(
        written(tmp_path, prompt="Write.", instruction_id_list=["comma", "words"], kwargs=[{}, {"words": 2}])
    )
    scored = simple.score(question, Answer("<think>a, b</think>well,\nof course"))
    assert (scored.correct, scored.score, scored.why) == (False, 0.0, "does not follow comma")
    assert scored.parts == {
        "prompt_strict": (0.0,),
        "prompt_loose": (1.0,),
        "instruction_strict": (0.0, 1.0),
        "instruction_loose": (1.0, 1.0),
    }
    assert simple.score(question, Answer("of course")).correct
    nothing = simple.score(question, Answer("<think>of course"))
    assert nothing.extracted is None
    assert nothing.parts["instruction_loose"] == (0.0, 0.0)


@pytest.mark.parametrize(
    ("ids", "arguments", "message"),
    [
        (["comma"], [], "lists of the same length"),
        ([], [], "lists of the same length"),
        ("comma", [{}], "lists of the same length"),
        (["commas"], [{}], "no checker for commas"),
    ],
)
def test_bad_rows(ids: object, arguments: object, message: str, simple: Task, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        simple.read(written(tmp_path, prompt="x", instruction_id_list=ids, kwargs=arguments))


def test_without_lm_eval_one_line_says_what_to_install(simple: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval.tasks.ifeval", None)
    with pytest.raises(BadInput, match=r"lm_eval.* is not installed: .*pip install .*lm_eval") as raised:
        simple.read(Source(DATA))
    assert "\n" not in str(raised.value)


def test_without_punkt_one_line_says_how_to_get_it(simple: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> str:
        raise LookupError(name)

    monkeypatch.setattr(sys.modules["nltk"].data, "find", find)
    with pytest.raises(BadInput, match=r"python -m nltk.downloader punkt_tab"):
        simple.read(Source(DATA))


def test_there_are_no_shots() -> None:
    with pytest.raises(BadInput, match="--shots 1"):
        IFEVAL.read(Source(DATA, 1))
