"""The `jsonl` and `csv` data sets: one request per line, in the order of the file.

A line has `prompt` (text) or `messages` (a list of role and content), and may have `output_tokens`
(or `max_tokens`), `system` (a system message before it), `model`, `body` (an object that is merged into the
request body last) and the usual sampling parameters under their own names, which also go into the
body. Anything else is not sent, and a note says so. In CSV, `messages` and `body` hold JSON.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLine, BadLines, check_text, shortened, whole_number
from aisbench.workload.files.dataset_files import dataset_file, json_lines
from aisbench.workload.files.file_kinds import table_hint
from aisbench.workload.files.tables import check_cells, separator_notes, table_rows
from aisbench.workload.messages import Message, as_text, text_of, with_system
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.request_options import FIXED_FIELDS
from aisbench.workload.tokens.token_counts import TokenCounter

_TEXTS = ("prompt", "messages")
_OWN = ("prompt", "messages", "output_tokens", "max_tokens", "system", "model", "body")
SAMPLING = frozenset(
    [
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "stop",
        "stop_token_ids",
        "n",
        "best_of",
        "frequency_penalty",
        "presence_penalty",
        "repetition_penalty",
        "length_penalty",
        "min_tokens",
        "ignore_eos",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "response_format",
        "structured_outputs",
        "guided_json",
        "guided_regex",
        "guided_choice",
        "guided_grammar",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning_effort",
        "chat_template_kwargs",
        "skip_special_tokens",
        "priority",
        "user",
    ]
)
_NAMED_MOST = 5
_BATCH = 256


@dataclass(frozen=True)
class Row:
    """A line of the file. `messages` None: `text` is the user's message."""

    text: str
    messages: tuple[Message, ...] | None
    output_tokens: int | None
    system: str | None
    model: str | None
    fields: dict[str, Any]


def jsonl_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput where no line can be used."""
    path = dataset_file(options, "JSON lines with prompt or messages")
    return _prompts_of_rows(path, lambda path: json_lines(path, options.dataset), options)


def csv_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput where no row can be used."""
    path = dataset_file(options, "CSV with a column prompt or messages")
    return _prompts_of_rows(path, _csv_rows, options)


_Lines = Iterator[tuple[int, Callable[[], dict[str, Any]]]]


def _prompts_of_rows(path: Path, lines: Callable[[Path], _Lines], options: WorkloadOptions) -> Prompts:
    """Reads the file once to check it, and again for each round of requests, so it need not fit in memory."""
    bad, unknown = BadLines(path, strict=options.strict_dataset), set[str]()
    has_messages = False
    for row in _usable_rows(path, lines, unknown, bad):
        has_messages |= row.messages is not None
        bad.used += 1
    bad.check(table_hint(path) if options.dataset == "jsonl" else "")
    there = bad.used
    if there == 0:
        raise BadInput(f"{path} has no rows; --dataset {options.dataset} needs one request per line")
    counter = TokenCounter(options)
    notes = [counter.note, *bad.notes()]
    if options.dataset == "csv":
        notes += separator_notes(path, _TEXTS)
    if has_messages:
        notes.append("lengths of messages are those of their texts, without what a chat template adds")
    if unknown:
        more = ", ..." if len(unknown) > _NAMED_MOST else ""
        notes.append(
            f"unknown fields are not sent: {', '.join(sorted(unknown)[:_NAMED_MOST])}{more} "
            "(put them under 'body' to send them)"
        )
    count = there if options.count is None else options.count
    if count > there and not options.oversample:
        notes.append(f"the file has {there} rows, fewer than the {count} requested")
        count = there
    elif count > there:
        notes.append(f"the file has {there} rows, which are repeated in order for {count} requests")

    def items() -> Iterator[Prompt]:
        rounds = (_usable_rows(path, lines, unknown) for _ in range(-(-count // there)))
        rows = itertools.islice(itertools.chain.from_iterable(rounds), count)
        while batch := list(itertools.islice(rows, _BATCH)):
            yield from _rows_as_prompts(batch, counter, options)

    return Prompts(items(), count, notes, rows=bad.facts())


def _usable_rows(
    path: Path, lines: Callable[[Path], _Lines], unknown: set[str], bad: BadLines | None = None
) -> Iterator[Row]:
    """The rows that can be sent, in the file's order; the problems of the others go to `bad`."""
    for number, parse in lines(path):
        try:
            row = _row_of(parse(), unknown)
        except BadLine as problem:
            if bad is not None:
                bad.add(number, problem)
            continue
        yield row


def _rows_as_prompts(rows: list[Row], counter: TokenCounter, options: WorkloadOptions) -> Iterator[Prompt]:
    tokens = counter.counts([row.text for row in rows])
    systems = counter.counts([row.system or "" for row in rows], special=False)
    for row, count, system_count in zip(rows, tokens, systems, strict=True):
        output = options.output_len if row.output_tokens is None else row.output_tokens
        prompt = Prompt(row.text, count, output, messages=row.messages, model=row.model, fields=row.fields)
        yield prompt if row.system is None else with_system(prompt, row.system, system_count)


def _csv_rows(path: Path) -> _Lines:
    """The rows of a table; empty cells count as missing."""
    for number, cells in table_rows(path, any_of=_TEXTS, what="CSV file of --dataset csv"):
        yield number, lambda cells=cells: _csv_object(cells)  # type: ignore[misc]


def _csv_object(cells: dict[str | None, Any]) -> dict[str, Any]:
    if None in cells:
        raise BadLine("more cells than the first line has columns")
    check_cells(cells)
    row: dict[str, Any] = {}
    for name, cell in cells.items():
        if not cell:
            continue
        row[str(name)] = cell
        if name in ("messages", "body"):
            try:
                row[name] = orjson.loads(cell)
            except orjson.JSONDecodeError as problem:
                raise BadLine(f"{name} is broken JSON ({problem})") from None
        elif name in ("output_tokens", "max_tokens") or name in SAMPLING:
            try:
                row[name] = orjson.loads(cell)
            except orjson.JSONDecodeError:
                row[name] = None if cell.lower() == "nan" else cell
    return row


def _row_of(line: dict[str, Any], unknown: set[str]) -> Row:
    """Raises BadLine for a line that cannot be sent. Adds unknown names to `unknown`; null counts as missing."""
    messages: tuple[Message, ...] | None = None
    nulls = [name for name in _TEXTS if name in line and line[name] is None]
    line = {name: value for name, value in line.items() if value is not None}
    if "prompt" in line and "messages" in line:
        raise BadLine("both prompt and messages")
    if "messages" in line:
        messages = _messages_of(line["messages"])
        text = as_text(messages)
    elif "prompt" in line:
        text = _text_field(line, "prompt") or ""
        if not text:
            raise BadLine("prompt is empty")
    elif nulls:
        raise BadLine(f"{nulls[0]} is null")
    else:
        raise BadLine(f"neither prompt nor messages, but {_names_in(line)}")
    output = line.get("output_tokens", line.get("max_tokens"))
    body = line.get("body") or {}
    if not isinstance(body, dict):
        raise BadLine(f"body is {shortened(body)}, not an object", "body is not an object")
    for name in FIXED_FIELDS:
        if name in body:
            raise BadLine(f"body cannot replace {name!r}")
    unknown |= {name for name in line.keys() - SAMPLING - set(_OWN) if name.strip()}
    return Row(
        text,
        messages,
        None if output is None else whole_number(output, "output_tokens", 1),
        _text_field(line, "system"),
        _text_field(line, "model"),
        {**{name: value for name, value in line.items() if name in SAMPLING}, **body},
    )


def _text_field(line: dict[str, Any], name: str) -> str | None:
    value = line.get(name)
    if value is not None and not isinstance(value, str):
        raise BadLine(f"{name} is {shortened(value)}, not a text", f"{name} is not a text")
    if value is not None:
        check_text(value)
    return value


def _messages_of(value: Any) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise BadLine("messages is not a list of at least one message")
    for message in value:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadLine(f"{shortened(message)} in messages has no role", "a message without a role")
        content = message.get("content")
        if content is None and not message.get("tool_calls"):
            raise BadLine(f"the message {shortened(message)} has no content", "a message without content")
        if content is not None and not isinstance(content, (str, list)):
            raise BadLine(f"content is {shortened(content)}, not a text", "content is not a text")
        check_text(text_of(content))
    return tuple(value)


def _names_in(line: dict[str, Any]) -> str:
    """The fields of a line, with advice if another data set reads it."""
    if {"conversations", "turns"} & line.keys():
        return "conversations (--dataset conversations reads them)"
    names = [shortened(name)[1:-1] for name in list(line)[:_NAMED_MOST]]
    return ", ".join(names) + (", ..." if len(line) > _NAMED_MOST else "") if names else "nothing"
