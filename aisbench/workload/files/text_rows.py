"""Prompts of rows that hold a text each, as vLLM's data sets of files make them: shuffled, templated, oversampled."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.datasets.recorded.custom import templated_messages
from aisbench.workload.datasets.recorded.sharegpt import oversample
from aisbench.workload.files.bad_lines import BadLine, BadLines, check_text
from aisbench.workload.files.dataset_files import json_entries
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.token_counts import TokenCounter


@dataclass(frozen=True)
class Row:
    """What is asked: `text`, with `media` after it. `answer`: its length is the output's, where none is asked for.

    `system`: stands before it in the chat template. `content`: the whole content of the message instead of both. `messages`, `fields`: as in Prompt.
    `output_tokens`: the row's own.
    """

    text: str
    answer: str | None = None
    system: str | None = None
    media: tuple[Mapping[str, Any], ...] = ()
    content: tuple[Mapping[str, Any], ...] | None = None
    messages: tuple[Mapping[str, Any], ...] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    output_tokens: int | None = None


Read = Callable[[Any], Row | None]


def read_rows(path: Path, options: WorkloadOptions, read: Read) -> tuple[list[Row], BadLines]:
    """The rows of JSON lines or of a JSON list that `read` takes (None: not meant), and those that are bad."""
    bad = BadLines(path, strict=options.strict_dataset)
    return taken(json_entries(path, options.dataset), read, bad), bad


def taken(parsers: Any, read: Read, bad: BadLines) -> list[Row]:
    rows: list[Row] = []
    for number, parse in parsers:
        try:
            entry = parse()
            if not isinstance(entry, Mapping):
                raise BadLine(f"not a JSON object but {type(entry).__name__}")
            row = read(entry)
            if row is not None:
                check_text(row.text)
                rows.append(row)
            bad.used += 1
        except BadLine as problem:
            bad.add(number, problem)
    bad.check()
    if not rows:
        raise BadInput(f"{bad.path}: no row is left of those asked for")
    return rows


def text_of(entry: Mapping[str, Any], name: str) -> str:
    """Raises BadLine unless the field is a text."""
    value = entry.get(name)
    if not isinstance(value, str):
        raise BadLine(f"no text as its {name!r}")
    return value


def row_prompts(
    rows: list[Row],
    bad: BadLines,
    options: WorkloadOptions,
    *,
    output_len: int | None,
    template: bool,
    generator: random.Random,
    fits: Callable[[int, int], bool] = lambda asked, answered: True,
    notes: list[str] | None = None,
) -> Prompts:
    """`output_len`: where neither the row nor an answer says so. `template`: texts go into the chat template.

    `fits`: by prompt and output tokens, which rows are asked, in vLLM's client. `generator`: draws the
    repetitions, seeded again for them by --seed.
    """
    counter = TokenCounter(options)
    kept: list[Prompt] = []
    for row in rows:
        if options.count is not None and len(kept) >= options.count:
            break
        text = row.text
        if template:
            system = [{"role": "system", "content": row.system}] if row.system is not None else []
            talk = [*system, {"role": "user", "content": text}]
            text = templated_messages([talk], counter.tokenizer, options)[0]
        asked = counter.count(text)
        output = row.output_tokens if row.output_tokens is not None else output_len
        if output is None and row.answer is not None:
            output = counter.count(row.answer)
            if not fits(asked, output) or output < 1:
                continue
        messages = row.messages
        if row.content is not None:
            messages = ({"role": "user", "content": list(row.content)},)
        kept.append(Prompt(text, asked, output, media=row.media, messages=messages, fields=row.fields))
    if not kept:
        raise BadInput(f"{bad.path}: no row is left: all are too short or too long by vLLM's rules")
    more = [counter.note, *bad.notes(), *(notes or ()), *oversample(kept, options, generator)]
    return Prompts(iter(kept), len(kept), more, stdlib_random=generator, rows=bad.facts())
