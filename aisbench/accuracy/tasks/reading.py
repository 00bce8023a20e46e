"""DROP and TriviaQA: short answers in words, compared after normalisation."""

from __future__ import annotations

import ast
import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from aisbench.accuracy.answers.thinking import final_text
from aisbench.accuracy.files import Row, is_texts, need_texts, rows, text_of
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.scoring.drop_f1 import drop_scores
from aisbench.accuracy.scoring.overlap import f1, holds, triviaqa_form
from aisbench.accuracy.scoring.stated import stated_in
from aisbench.accuracy.task import Source, Task
from aisbench.errors import BadInput
from aisbench.extras import install_command

_DROP = Layout(
    ("drop", "drop_simple_eval"),
    ("drop_dataset_dev.json", "drop_v0_dev.jsonl", "dev.jsonl", *hub("validation")),
)
_TRIVIAQA = Layout(
    ("triviaqa", "trivia_qa"),
    (
        "triviaqa-validation.jsonl",
        "trivia-dev.qa.csv",
        *hub("validation", "rc.nocontext"),
        *hub("validation"),
    ),
    ("triviaqa-train.jsonl", *hub("train", "rc.nocontext"), *hub("train")),
)
_READ = (
    "{passage}\n\nQuestion: {question}\n"
    "Answer from the passage. End with a line that says only: Answer: and a number, a date or a few words of the passage. "
    "Put | between several parts."
)
_RECALL = "Question: {question}\nAnswer in as few words as you can.\nAnswer:"


def _read_drop(source: Source) -> list[Question]:
    if source.shots:
        raise BadInput(f"--shots {source.shots}: drop has no solved examples; leave it out")
    paths = _DROP.questions_of(source.path)
    found = [
        Question.of_text(
            _READ.format(passage=passage.strip(), question=question.strip()), [list(gold) for gold in golds]
        )
        for path in paths
        for passage, question, golds in _passages(path)
    ]
    if any(len(gold) > 1 for question in found for gold in question.gold):
        _need_scipy(paths[0])
    return found


def _need_scipy(path: Path) -> None:
    try:
        import scipy.optimize  # noqa: F401
    except ImportError:
        raise BadInput(
            f"{path} has answers of several parts, whose scoring needs scipy: "
            f"{install_command('accuracy', 'scipy')}"
        ) from None


_Passage = tuple[str, str, list[tuple[str, ...]]]


def _passages(path: Path) -> list[_Passage]:
    """The passage, the question and the known answers of each row; an answer is a tuple of spans."""
    if path.suffix == ".json":
        return _original(path)
    found = []
    for number, row in enumerate(rows(path), 1):
        try:
            passage, question, golds = _passage(row)
            need_texts(
                f"{path}: row {number}", {"passage": passage, "question": question}, "passage", "question"
            )
            found.append((passage, question, _some(path, number, golds)))
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            if isinstance(problem, BadInput):
                raise
            raise BadInput(
                f"{path}: row {number} matches none of the forms that `aisbench datasets drop` shows; "
                f"it has {', '.join(row)} ({type(problem).__name__}: {problem})"
            ) from None
    return found


def _passage(row: Row) -> _Passage:
    if "ref_text" in row:
        passage, _, question = row["context"].rpartition("Question:")
        golds: list[tuple[str, ...]] = [(one,) for one in row["ref_text"].split("|")]
        return passage.removeprefix("Passage:"), question.strip().removesuffix("Answer:"), golds
    if "answers_spans" in row:
        return row["passage"], row["question"], [(one,) for one in row["answers_spans"]["spans"]]
    return row["passage"], row["question"], _answers(row)


def _original(path: Path) -> list[_Passage]:
    """Reads the published file, which has passages by name, each with its questions."""
    found = []
    try:
        for number, part in enumerate(rows(path), 1):
            for pair in part["qa_pairs"]:
                need_texts(f"{path}: passage {number}", {**part, **pair}, "passage", "question")
                found.append((part["passage"], pair["question"], _some(path, number, _answers(pair))))
    except (AttributeError, KeyError, TypeError) as problem:
        raise BadInput(
            f'{path} does not have the published form, {{name: {{"passage", "qa_pairs": [{{"question", "answer"}}]}}}} '
            f"({type(problem).__name__}: {problem})"
        ) from None
    if not found:
        raise BadInput(f"{path} has no questions")
    return found


def _some(path: Path, number: int, golds: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    kept = list(dict.fromkeys(gold for gold in golds if gold and any(span.strip() for span in gold)))
    if not kept:
        raise BadInput(
            f"{path}: row {number} has a question without an answer; use the validation (dev) split"
        )
    return kept


def _answers(row: Row) -> list[tuple[str, ...]]:
    """The answer and those of other readers: a list of answers or, on Hugging Face, an object of lists."""
    others: Any = row.get("validated_answers") or []
    if isinstance(others, dict):
        others = [dict(zip(others, values, strict=True)) for values in zip(*others.values(), strict=True)]
    return [_spans(one) for one in (row["answer"], *others)]


def _spans(answer: dict[str, Any]) -> tuple[str, ...]:
    if answer.get("number") not in ("", None):
        return (str(answer["number"]),)
    if answer.get("spans"):
        return tuple(answer["spans"])
    date = answer.get("date") or {}
    return (" ".join(date.get(part) or "" for part in ("day", "month", "year")).strip(),)


def _score_drop(question: Question, answer: Answer) -> Scored:
    found = stated_in(final_text(answer.text))
    if found is None:
        return Scored(None, False, 0.0, "no answer")
    spans = [part.strip() for part in found.text.split("|") if part.strip()] or [""]
    # The best value of each metric over the readers' answers, as in the script.
    scores = [drop_scores(spans, gold) for gold in question.gold]
    exact, best = max(one for one, _ in scores), max(one for _, one in scores)
    return Scored(
        found.text, exact == 1, best, found.rule, found.sure, parts={"exact_match": (exact,), "f1": (best,)}
    )


def _read_triviaqa(source: Source) -> list[Question]:
    shots = _solved(source) if source.shots else ""
    return [
        Question.of_text(shots + _RECALL.format(question=question), names)
        for path in _TRIVIAQA.questions_of(source.path)
        for question, names in _trivia(path)
    ]


def _solved(source: Source) -> str:
    path = _TRIVIAQA.examples_of(source.path)[0]
    shown = _trivia(path)[: source.shots]
    if len(shown) < (source.shots or 0):
        raise BadInput(f"--shots {source.shots}: {path} has {len(shown)} solved examples")
    return "".join(f"{_RECALL.format(question=question)} {names[0]}\n\n" for question, names in shown)


def _trivia(path: Path) -> list[tuple[str, list[str]]]:
    """The questions, each with the names of its answer."""
    if path.suffix == ".csv":
        return _trivia_table(path)
    found = []
    for number, row in enumerate(rows(path, "question", "answer"), 1):
        given = row["answer"]
        if isinstance(given, dict):
            others = given.get("aliases") or []
            given = [given.get("value"), *(others if isinstance(others, list) else [others])]
        given = [given] if isinstance(given, str) else given
        names = [name for name in given if name] if isinstance(given, list) else []
        if not is_texts(names):
            raise BadInput(
                f"{path}: row {number} has no strings as answers, but {row['answer']!r:.80}; "
                "use the validation split, because the test split has no answers"
            )
        found.append((str(row["question"]).strip(), list(dict.fromkeys(names))))
    return found


def _trivia_table(path: Path) -> list[tuple[str, list[str]]]:
    """Reads OpenCompass's file, without a header: a question, a tab and a Python list of names on each line."""
    found = []
    for number, cells in enumerate(csv.reader(StringIO(text_of(path), newline=""), delimiter="\t"), 1):
        try:
            question, listed = cells
            names = ast.literal_eval(listed)
        except (ValueError, SyntaxError):
            raise BadInput(
                f"{path}: line {number} should be a question, a tab and a list such as ['Paris'], got {cells}"
            ) from None
        if not isinstance(names, list) or not names:
            raise BadInput(f"{path}: line {number} has no list of answers, got {listed}")
        found.append((question.strip(), [str(name) for name in names]))
    if not found:
        raise BadInput(
            f"{path} is empty; it should have a question, a tab and a list of answers on each line"
        )
    return found


def _score_triviaqa(question: Question, answer: Answer) -> Scored:
    text = final_text(answer.text)
    found = stated_in(text)
    if found is None:
        return Scored(None, False, 0.0, "no answer")
    form = triviaqa_form(found.text)
    known = [triviaqa_form(name) for name in question.gold]
    exact = float(form in known)
    parts = {
        "exact_match": (exact,),
        "f1": (max(f1(form.split(), name.split()) for name in known),),
        "holds": (float(holds(text, question.gold)),),
    }
    return Scored(found.text, exact == 1, exact, found.rule, found.sure, parts=parts)


TASKS = (
    Task(
        "drop",
        "questions on a passage that require counting, sorting and sums",
        (
            'drop/drop_dataset_dev.json, as published: {name: {"passage", "qa_pairs"}}',
            'drop/dev.jsonl of simple-evals: {"context", "ref_text"}',
            "Hugging Face's ucinlp/drop, validation-*.parquet: passage, question, answers_spans; or EleutherAI/drop: passage, "
            "question, answer, validated_answers",
        ),
        _read_drop,
        _score_drop,
        stop=("\n\nQuestion:",),
        metric="f1",
    ),
    Task(
        "triviaqa",
        "trivia, answered from memory",
        (
            'triviaqa/triviaqa-validation.jsonl: {"question", "answer": [names]}; examples in triviaqa-train.jsonl',
            "triviaqa/trivia-dev.qa.csv without a header: question, tab, list of names",
            "Hugging Face's mandarjoshi/trivia_qa, rc.nocontext/validation-*.parquet: question, answer with value and "
            "aliases; examples in train-*.parquet",
        ),
        _read_triviaqa,
        _score_triviaqa,
        max_tokens=256,
        stop=("\n\nQuestion:",),
        metric="exact_match",
    ),
)
