"""The `custom` data set: prompts from a JSON-lines file, as in `vllm bench serve` 0.32.

Each line has "prompt" and, for --output-len -1, "output_tokens". The rows are shuffled, and each prompt is put into
the tokenizer's chat template unless --skip-chat-template is given. With a chat backend, the server then applies its
template once more, as it does with vLLM's client.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.extras import install_command
from aisbench.workload.datasets.recorded.sharegpt import oversample
from aisbench.workload.files.bad_lines import BadLine, BadLines, check_text, whole_number
from aisbench.workload.files.dataset_files import dataset_file, json_lines
from aisbench.workload.files.file_kinds import table_hint
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.token_counts import TokenCounter

OUTPUT_LEN = 256
PER_LINE = -1


def custom_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput where no line can be used, and where the chat template is missing."""
    path = dataset_file(options, "JSON lines with a prompt each")
    rows, bad = read_rows(path, options)
    generator = random.Random(options.seed)
    if options.shuffle:
        generator.shuffle(rows)
    counter = TokenCounter(options)
    rows = rows[: options.count]
    texts = [text for text, _ in rows]
    if options.chat_template:
        texts = templated(texts, counter.tokenizer, options)
    output_len = OUTPUT_LEN if options.output_len is None else options.output_len
    kept = [
        Prompt(text, tokens, in_file if output_len == PER_LINE else output_len)
        for text, tokens, (_, in_file) in zip(texts, counter.counts(texts), rows, strict=True)
    ]
    notes = [counter.note, *bad.notes(), *oversample(kept, options, generator)]
    return Prompts(iter(kept), len(kept), notes, stdlib_random=generator, rows=bad.facts())


def read_rows(path: Path, options: WorkloadOptions) -> tuple[list[tuple[str, int | None]], BadLines]:
    """The prompts, their output lengths (None unless --output-len is -1), and the unusable lines."""
    per_line = options.output_len == PER_LINE
    bad = BadLines(path, strict=options.strict_dataset)
    rows: list[tuple[str, int | None]] = []
    for number, parse in json_lines(path, options.dataset):
        try:
            row = parse()
            text = row.get("prompt")
            if not isinstance(text, str):
                raise BadLine("no text in 'prompt'")
            check_text(text)
            length = whole_number(row.get("output_tokens"), "output_tokens", 1) if per_line else None
            rows.append((text, length))
            bad.used += 1
        except BadLine as problem:
            bad.add(number, problem)
    bad.check(table_hint(path))
    return rows, bad


def templated(texts: list[str], tokenizer: Any, options: WorkloadOptions) -> list[str]:
    """Puts each text, as the user's message, into the tokenizer's chat template, up to where the answer begins."""
    return templated_messages([[{"role": "user", "content": text}] for text in texts], tokenizer, options)


def templated_messages(
    talks: list[list[dict[str, str]]], tokenizer: Any, options: WorkloadOptions
) -> list[str]:
    """The same for lists of messages; raises BadInput where there is no template."""
    if tokenizer is None:
        raise BadInput(
            f"--dataset {options.dataset} puts prompts into a chat template, which needs --tokenizer; "
            "add --skip-chat-template to send them as they are"
        )
    if not getattr(tokenizer, "chat_template", None):
        raise BadInput(
            f"--tokenizer {options.tokenizer} has no chat template; add --skip-chat-template to send "
            "prompts as they are"
        )
    try:
        return [
            tokenizer.apply_chat_template(
                talk,
                add_generation_prompt=True,
                tokenize=False,
                **(options.chat_template_kwargs or {}),
            )
            for talk in talks
        ]
    except ImportError:
        raise BadInput(
            f"chat templates need jinja2; install it with: {install_command('tokenizer', 'jinja2')}, "
            "or add --skip-chat-template"
        ) from None
