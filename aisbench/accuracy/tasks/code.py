"""HumanEval and MBPP: write a Python function, which is then run with the data set's tests.

Both are scored as published: an answer is right if the program and its tests run to their end. `averages` computes
pass@k from several answers. HumanEval: Chen et al., "Evaluating Large Language Models Trained on Code"
(arXiv:2107.03374); MBPP: Austin et al., "Program Synthesis with Large Language Models" (arXiv:2108.07732), with its
prompt of three solved examples.
"""

from __future__ import annotations

import re
from pathlib import Path

from aisbench.accuracy.answers.thinking import final_text
from aisbench.accuracy.files import Row, first_of, is_texts, need_texts, numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.scoring.code.extract import Code, code_of, defines
from aisbench.accuracy.scoring.code.run import problem_of
from aisbench.accuracy.task import Source, Task
from aisbench.errors import BadInput

_HUMANEVAL = Layout(
    ("humaneval", "openai_humaneval"),
    (
        "human-eval-v2-*.jsonl",
        "HumanEval.jsonl",
        "humaneval.jsonl",
        "openai_humaneval/test-*.parquet",
        *hub("test"),
    ),
)
_MBPP = Layout(
    ("mbpp",),
    (
        "mbpp.jsonl",
        "sanitized-mbpp.json",
        "sanitized-mbpp.jsonl",
        *hub("test", "full"),
        *hub("test", "sanitized"),
        *hub("test"),
    ),
)
_COMPLETE = "Complete this Python function. Answer with the whole function in one ```python block.\n\n```python\n{prompt}\n```"
# Strings that end a function that the model continues, as in the paper.
_AFTER_FUNCTION = ("\nclass", "\ndef", "\n#", "\nif", "\nprint", "\n```")

_WRITE = "You are an expert Python programmer, and here is your task: {text} Your code should pass these tests:\n\n{tests}\n"
_BEGIN, _DONE = "[BEGIN]", "[DONE]"
# Values of task_id: 1 to 10 are kept for examples (the paper shows 2 to 4), and 11 to 510 are the test set.
_SHOWN, _TESTED = range(1, 11), range(11, 511)
_FIRST_SHOWN = 2
# The column of the task, in the full file and in the sanitized one.
_TEXTS = ("text", "prompt")
_USUAL_SHOTS = 3


def _read_humaneval(source: Source) -> list[Question]:
    if source.shots:
        raise BadInput(f"--shots {source.shots}: humaneval has no solved examples; leave it out")
    columns = ("prompt", "test", "entry_point")
    found = []
    for path in _HUMANEVAL.questions_of(source.path):
        for place, row in numbered(path, *columns):
            need_texts(place, row, *columns)
            asked = {"role": "user", "content": _COMPLETE.format(prompt=row["prompt"].rstrip())}
            facts = {name: row[name] for name in columns}
            found.append(Question((asked,), row["prompt"], row.get("canonical_solution", ""), facts=facts))
    return found


def _score_humaneval(question: Question, answer: Answer) -> Scored:
    facts = question.facts
    text = final_text(answer.text)
    code = code_of(text, facts["entry_point"])
    if code is None:
        return _none()
    prompt: str = facts["prompt"]
    if defines(code.text, facts["entry_point"]):
        # The prompt may define or import names that the function needs.
        program = prompt[: prompt.rfind(f"def {facts['entry_point']}")] + "\n" + code.text
    else:
        code = _continuation(code)
        program = prompt + code.text
    return _scored(code, f"{program}\n\n{facts['test']}\n\ncheck({facts['entry_point']})\n")


def _continuation(code: Code) -> Code:
    """The rest of the function, up to its end. Restores the first line's indentation, which servers strip."""
    body = code.text if code.text[:1].isspace() else "    " + code.text
    for stop in _AFTER_FUNCTION:
        body = body.partition(stop)[0]
    return Code(body, f"{code.rule}, continues the prompt", True)


def _read_mbpp(source: Source) -> list[Question]:
    paths = _MBPP.questions_of(source.path)
    path = paths[0]
    # On Hugging Face, the examples are in another file beside the test set.
    found = [row for one in (*paths, *sorted(path.parent.glob("prompt-*.parquet"))) for row in _rows(one)]
    tested = [row for row in found if row["task_id"] in _TESTED]
    if not tested:
        raise BadInput(
            f"{path} has no row with a task_id from 11 to 510, the test set; download the complete file"
        )
    examples = "".join(_solved(row) for row in _shown(path, found, source.shots))
    return [
        Question.of_text(
            examples + _asked(row) + _BEGIN + "\n" if examples else _asked(row).rstrip(),
            row["code"],
            facts={"tests": "\n".join(row["test_list"]), "before": _before(row), "name": _name(row)},
        )
        for row in tested
    ]


def _rows(path: Path) -> list[Row]:
    found = []
    for place, row in numbered(path, "task_id", "code", "test_list"):
        text = first_of(place, row, *_TEXTS)
        need_texts(place, {**row, "text": text}, "text", "code")
        if not is_texts(row["test_list"]):
            raise BadInput(f"{place}: 'test_list' should be a list of assert lines, got {row['test_list']!r}")
        before = row.get("test_imports") or []
        if not (before == [] or is_texts(before)) or not isinstance(row.get("test_setup_code") or "", str):
            raise BadInput(
                f"{place}: 'test_imports' should be a list of strings, and 'test_setup_code' a string"
            )
        if type(row["task_id"]) is not int:
            raise BadInput(f"{place}: 'task_id' should be a whole number, got {row['task_id']!r}")
        found.append({**row, "text": text})
    return found


def _shown(path: Path, found: list[Row], shots: int | None) -> list[Row]:
    """The solved examples, those of the paper first."""
    shown = sorted(
        (row for row in found if row["task_id"] in _SHOWN),
        key=lambda row: (row["task_id"] < _FIRST_SHOWN, row["task_id"]),
    )
    if shots is not None and shots > len(shown):
        raise BadInput(f"--shots {shots}: {path} has {len(shown)} solved examples (task_id 1 to 10)")
    return shown[: _USUAL_SHOTS if shots is None else shots]


def _asked(row: Row) -> str:
    return _WRITE.format(text=row["text"].strip(), tests="\n".join(row["test_list"]))


def _solved(row: Row) -> str:
    return f"{_asked(row)}{_BEGIN}\n{row['code'].strip()}\n{_DONE}\n\n"


def _before(row: Row) -> str:
    return "\n".join([*(row.get("test_imports") or ()), row.get("test_setup_code") or ""])


def _name(row: Row) -> str:
    """The function that the tests call: the last one of the reference solution that they mention; may be empty."""
    tests = "\n".join(row["test_list"])
    defined = re.findall(r"^(?:def|class) (\w+)", row["code"], re.M)
    return next((name for name in reversed(defined) if re.search(rf"\b{name}\b", tests)), "")


def _score_mbpp(question: Question, answer: Answer) -> Scored:
    text = final_text(answer.text).partition(_DONE)[0].rpartition(_BEGIN)[2]
    code = code_of(text, question.facts["name"])
    if code is None:
        return _none()
    return _scored(code, f"{question.facts['before']}\n{code.text}\n\n{question.facts['tests']}\n")


def _none() -> Scored:
    return Scored(None, False, 0.0, "no code")


def _scored(code: Code, program: str) -> Scored:
    problem = problem_of(program)
    correct = problem is None
    return Scored(code.text, correct, float(correct), code.rule, code.sure, problem or "")


TASKS = (
    Task(
        "humaneval",
        "complete a Python function; its tests are run",
        (
            'humaneval/human-eval-v2-20210705.jsonl or HumanEval.jsonl: {"prompt", "test", "entry_point"}',
            "Hugging Face's openai/openai_humaneval, test-*.parquet: the same",
        ),
        _read_humaneval,
        _score_humaneval,
        stop=_AFTER_FUNCTION,
        runs_code=True,
    ),
    Task(
        "mbpp",
        "write a short Python function; its tests are run",
        (
            'mbpp/mbpp.jsonl: {"task_id", "text", "code", "test_list"}; examples are its first ten rows',
            'mbpp/sanitized-mbpp.json: {"task_id", "prompt", "code", "test_list"}',
            "Hugging Face's google-research-datasets/mbpp, full/test-*.parquet or sanitized/test-*.parquet: the same",
        ),
        _read_mbpp,
        _score_mbpp,
        stop=(_DONE,),
        runs_code=True,
    ),
)
