"""Makes prompts from rows that hold a text each, with chat template and oversampling as in vLLM's client."""

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
    """A row's prompt: `text`, with `media` after it.

    `answer`: the recorded answer, whose length is the output length where no other is given. `system`: the system
    message in the chat template. `content`: the whole content of the message, in place of `text` and `media`.
    `messages`, `fields`: as in Prompt. `output_tokens`: the row's own output length.
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
    """The rows that `read` makes from JSON lines or a JSON list (None: to be skipped), and the unusable ones."""
    bad = BadLines(path, strict=options.strict_dataset)
    return taken(json_entries(path, options.dataset), read, bad), bad


def taken(parsers: Any, read: Read, bad: BadLines) -> list[Row]:
    """The rows that `read` makes from the parsed entries; raises BadInput where there are none."""
    rows: list[Row] = []
    for number, parse in parsers:
        try:
            entry = parse()
            if not isinstance(entry, Mapping):
                raise BadLine(f"{type(entry).__name__} instead of a JSON object")
            row = read(entry)
            if row is not None:
                check_text(row.text)
                rows.append(row)
            bad.used += 1
        except BadLine as problem:
            bad.add(number, problem)
    bad.check()
    if not rows:
        raise BadInput(f"{bad.path}: no row matches the options of the data set")
    return rows


def text_of(entry: Mapping[str, Any], name: str) -> str:
    """The text in a field; raises BadLine if there is none."""
    value = entry.get(name)
    if not isinstance(value, str):
        raise BadLine(f"no text in {name!r}")
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
    """Makes prompts from at most --num-requests rows, and repeats some if there are fewer.

    `output_len`: for rows without their own; None: the length of the row's answer. `template`: texts go into the
    chat template. `fits(prompt tokens, answer tokens)`: whether vLLM's client would use a row whose output length
    is that of its answer. `generator`: draws the repetitions, after it is seeded again with --seed.
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
        raise BadInput(f"{bad.path}: no row is left, as all are too short or too long by vLLM's rules")
    more = [counter.note, *bad.notes(), *(notes or ()), *oversample(kept, options, generator)]
    return Prompts(iter(kept), len(kept), more, stdlib_random=generator, rows=bad.facts())
