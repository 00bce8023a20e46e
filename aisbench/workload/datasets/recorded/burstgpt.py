"""The `burstgpt` data set: lengths of recorded requests, with the prompts of `vllm bench serve` 0.32.

The rows of GPT-4 with an answer are sampled by --seed from a BurstGPT CSV file (Timestamp, Model, Request tokens,
Response tokens, ...). Prompt i is the run of neighbouring tokens in the vocabulary that starts at token i. The times
are not used; `--dataset trace` replays them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLine, BadLines, whole_number
from aisbench.workload.files.dataset_files import dataset_file
from aisbench.workload.files.tables import separator_notes, table_int, table_rows
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.tokenizers import load_tokenizer
from aisbench.workload.tokens.words import WORDS

_BATCH = 64
_MODEL = "GPT-4"
_COLUMNS = ("Model", "Request tokens", "Response tokens")


def burstgpt_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a file of another kind, and where no row can be used."""
    path = dataset_file(options, "a BurstGPT CSV file")
    rows, bad = _read_lengths(path, options)
    if not rows:
        raise BadInput(f"{path}: no row of {_MODEL} with an answer")
    count = len(rows) if options.count is None else options.count
    # The draws of pandas' DataFrame.sample for an integer random_state.
    drawn = np.random.RandomState(options.seed).choice(len(rows), size=count, replace=count > len(rows))
    lengths = [rows[i] for i in drawn]
    tokenizer = None
    note = "no --tokenizer was given: prompts are words of a built-in list, one for each token of the file"
    if options.tokenizer is not None:
        tokenizer = load_tokenizer(options.tokenizer, trust_remote_code=options.trust_remote_code)
        note = (
            "lengths are those of the file, as in vLLM; the text of the prompts, decoded by tokenizer "
            f"{options.tokenizer}, may have other lengths"
        )

    def items() -> Iterator[Prompt]:
        for first in range(0, count, _BATCH):
            batch = range(first, min(first + _BATCH, count))
            vocabulary = len(WORDS) if tokenizer is None else tokenizer.vocab_size
            runs = [[(i + j) % vocabulary for j in range(lengths[i][0])] for i in batch]
            if tokenizer is None:
                texts = [" ".join(WORDS[j] for j in run) for run in runs]
            else:
                texts = tokenizer.batch_decode(runs)
            for i, text in zip(batch, texts, strict=True):
                yield Prompt(text, *lengths[i])

    notes = [note, *bad.notes(), *separator_notes(path, _COLUMNS)]
    return Prompts(items(), count, notes, rows=bad.facts())


def _read_lengths(path: Path, options: WorkloadOptions) -> tuple[list[tuple[int, int]], BadLines]:
    """Request and response tokens of the GPT-4 rows with an answer, and the unusable rows."""
    bad = BadLines(path, strict=options.strict_dataset)
    lengths: list[tuple[int, int]] = []
    for number, row in table_rows(path, all_of=_COLUMNS, what="BurstGPT CSV file"):
        if row["Model"] != _MODEL:
            continue
        try:
            asked, answered = (_length_in(row, name) for name in _COLUMNS[1:])
        except BadLine as problem:
            bad.add(number, problem)
            continue
        bad.used += 1
        if answered > 0:
            lengths.append((asked, answered))
    bad.check()
    return lengths, bad


def _length_in(row: dict[str | None, Any], name: str) -> int:
    return whole_number(table_int(row, name), name, 0)
