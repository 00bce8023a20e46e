"""User-defined questions, in the format of AISBench's custom data sets: multiple choice (`mcq`) or free text (`qa`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aisbench.accuracy.files import Row, first_of, numbered, text_of
from aisbench.accuracy.layout import files_of
from aisbench.accuracy.question import Question
from aisbench.accuracy.scoring.short_answer import score_short
from aisbench.accuracy.task import Source, Task
from aisbench.accuracy.tasks.choices.choice import ENGLISH, LETTERS, Choice, right_of, scorer, shown
from aisbench.errors import BadInput

# Keys of a `.meta.json`. The ignored ones are for performance runs, or have no effect here.
_HEEDED = (
    "human_prompt",
    "template",
    "input_columns",
    "output_column",
    "options",
    "data_type",
    "infer_method",
)
_PASSED_OVER = ("abbr", "bot_prompt", "output_config", "path", "request_count", "sampling_mode")
_COLUMN = re.compile(r"\{(\w+)\}")
_ASK = 'End with a line that says only "Answer: " and the answer, as short as possible.'


def _mcq(source: Source) -> list[Question]:
    path, meta = _opened(source, "mcq")
    found = []
    for place, row in _rows(path, meta):
        labels = meta.get("options") or _letters(row)
        if len(labels) < 2:
            raise BadInput(f"{place} has no choices in columns A, B and so on; it has {', '.join(row)}")
        choices = [str(first_of(place, row, label)) for label in labels]
        right = right_of(first_of(place, row, meta["output_column"]), labels, place)
        own = _templated(meta, row)
        stem = "" if own else first_of(place, row, "question")
        item = shown(Choice(stem, choices, right), labels=labels)
        asked = own or f"{ENGLISH.instruction.alone}\n\n{item.text}"
        question = Question.of_text(asked, item.gold, facts=item.facts)
        found.append(_limited(question, row, place))
    return found


def _qa(source: Source) -> list[Question]:
    path, meta = _opened(source, "qa")
    found = []
    for place, row in _rows(path, meta):
        gold = first_of(place, row, meta["output_column"])
        if isinstance(gold, dict) or gold == []:
            raise BadInput(
                f"{place}: the answer is {gold!r}; it should be a string, a number or a list of them"
            )
        asked = _templated(meta, row) or f"{first_of(place, row, 'question')}\n{_ASK}"
        found.append(_limited(Question.of_text(asked, gold), row, place))
    return found


def _opened(source: Source, kind: str) -> tuple[Path, dict[str, Any]]:
    if source.shots:
        raise BadInput(
            f"--shots: {kind} has no solved examples; use --shots 0, or put them into human_prompt"
        )
    path, *others = files_of(source.path, f"*{kind}*.jsonl", f"*{kind}*.csv", "*.jsonl", "*.csv")
    if others:
        raise BadInput(
            f"--dataset-path {source.path} has several files, such as {path.name} and {others[0].name}; "
            f"give the path of the one for {kind}"
        )
    meta = _meta_of(path)
    if (other := meta.get("data_type", kind)) != kind:
        hint = f"use --datasets {other}" if other in ("mcq", "qa") else "known: mcq, qa"
        raise BadInput(f"{path}.meta.json: data_type is {other!r}; {hint}")
    return path, meta


def _meta_of(path: Path) -> dict[str, Any]:
    beside = path.with_name(f"{path.name}.meta.json")
    meta: Any = {}
    if beside.exists():
        try:
            meta = json.loads(text_of(beside))
        except ValueError as problem:
            raise BadInput(f"{beside} is broken JSON: {problem}") from None
    if not isinstance(meta, dict):
        raise BadInput(f"{beside} is {type(meta).__name__}, not an object")
    for key in meta:
        if key not in (*_HEEDED, *_PASSED_OVER):
            raise BadInput(f"{beside}: {key!r} is unknown; known: {', '.join((*_HEEDED, *_PASSED_OVER))}")
    if meta.get("infer_method", "gen") != "gen":
        raise BadInput(f"{beside}: infer_method is {meta['infer_method']!r}; it must be gen")
    for key in ("human_prompt", "template", "output_column"):
        if not isinstance(meta.get(key, ""), str):
            raise BadInput(f"{beside}: {key} is {type(meta[key]).__name__}; it should be a string")
    columns = meta.get("input_columns", [])
    if not isinstance(columns, list) or not all(isinstance(one, str) for one in columns):
        raise BadInput(f"{beside}: input_columns is {columns!r}; it should be a list of columns")
    if "options" in meta and not _are_letters(meta["options"]):
        raise BadInput(f"{beside}: options is {meta['options']!r}; it should be a list of capital letters")
    return {"output_column": "answer", **meta}


def _are_letters(options: Any) -> bool:
    return isinstance(options, list) and all(
        isinstance(one, str) and one in tuple(LETTERS) for one in options
    )


def _rows(path: Path, meta: Mapping[str, Any]) -> list[tuple[str, Row]]:
    return numbered(path, *meta.get("input_columns", ()), meta["output_column"])


def _letters(row: Row) -> list[str]:
    """The columns A, B and so on that the row has, without a gap."""
    found = []
    for letter in LETTERS:
        if row.get(letter) in (None, ""):
            break
        found.append(letter)
    return found


def _templated(meta: Mapping[str, Any], row: Row) -> str:
    """The prompt of the `.meta.json`, with each `{column}` replaced by the row's cell; empty if it has none."""
    template: str = meta.get("template") or meta.get("human_prompt") or ""
    return _COLUMN.sub(lambda match: str(row[match[1]]) if match[1] in row else match[0], template)


def _limited(question: Question, row: Row, place: str) -> Question:
    """The question with the length limit of its row, if it has one. Raises BadInput."""
    limit = row.get("max_tokens")
    if limit in (None, ""):
        return question
    if not str(limit).isdecimal() or int(limit) < 1:
        raise BadInput(f"{place}: max_tokens is {limit!r}; it should be a whole number above 0")
    return replace(question, body={"max_tokens": int(limit)})


TASKS = (
    Task(
        "mcq",
        "your own multiple-choice questions, in AISBench's custom format",
        (
            "FILE.jsonl or FILE.csv: question, A, B and so on, answer (a letter), optionally max_tokens; settings in "
            "FILE.jsonl.meta.json or FILE.csv.meta.json",
        ),
        _mcq,
        scorer(),
    ),
    Task(
        "qa",
        "your own questions with a short text or a number as the answer, in AISBench's custom format",
        (
            "FILE.jsonl or FILE.csv: question, answer, optionally max_tokens; settings in FILE.jsonl.meta.json or "
            "FILE.csv.meta.json",
        ),
        _qa,
        score_short,
    ),
)
