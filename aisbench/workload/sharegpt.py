"""The `sharegpt` data set: first turns of recorded conversations, the prompts of `vllm bench serve` 0.32.

The file is a JSON list of entries with "conversations": [{"from", "value"}, ...]. Entries of fewer
than two turns are left out, the others shuffled; the first turn is the prompt, the length of the
second is the output length. What is very short or long is left out by vLLM's rules.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_files import dataset_file, read_json
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.token_counts import TokenCounter

# vLLM's bounds, in tokens: of either side, of the prompt, and of both together.
LEAST, LONGEST_PROMPT, LONGEST_SUM = 4, 1024, 2048
BATCH = 256


def sharegpt_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a file that is no such list, or of which nothing is left."""
    path = dataset_file(options, "a JSON list of conversations, as ShareGPT's")
    entries = read_json(path)
    if not isinstance(entries, list):
        raise BadInput(f"{path} is not a JSON list of conversations")
    entries = [entry for entry in entries if has_two_turns(entry)]
    generator = random.Random(options.seed)
    if options.shuffle:
        generator.shuffle(entries)
    counter = TokenCounter(options)
    kept: list[Prompt] = []
    for prompt in valid_prompts(entries, counter, options.output_len):
        kept.append(prompt)
        if len(kept) == options.count:
            break
    if not kept:
        raise BadInput(
            f"{path}: no conversation is left; prompts are taken of {LEAST} to {LONGEST_PROMPT} tokens, "
            f"of at most {LONGEST_SUM} with the answer, with two turns at least"
        )
    notes = [counter.note, *oversample(kept, options, generator)]
    if any("image" in entry or "video" in entry for entry in entries):
        notes.append("images and videos of the conversations are not sent")
    return Prompts(iter(kept), len(kept), notes, stdlib_random=generator)


def has_two_turns(entry: Any) -> bool:
    turns = entry.get("conversations") if isinstance(entry, dict) else None
    return isinstance(turns, list) and len(turns) >= 2


def valid_prompts(entries: list[Any], counter: TokenCounter, output_len: int | None) -> Iterator[Prompt]:
    """Those that pass vLLM's bounds, in order; an `output_len` that was asked for takes the second turn's place."""
    for first in range(0, len(entries), BATCH):
        pairs = [(turn_text(e, 0), turn_text(e, 1)) for e in entries[first : first + BATCH]]
        prompt_tokens = counter.counts([question for question, _ in pairs])
        if output_len is None:
            output_tokens = counter.counts([answer for _, answer in pairs])
        else:
            output_tokens = [output_len] * len(pairs)
        for (question, _), asked, answered in zip(pairs, prompt_tokens, output_tokens, strict=True):
            too_short = asked < LEAST or (output_len is None and answered < LEAST)
            if not too_short and asked <= LONGEST_PROMPT and asked + answered <= LONGEST_SUM:
                yield Prompt(question, asked, answered)


def turn_text(entry: Any, turn: int) -> str:
    value = entry["conversations"][turn]
    text = value.get("value") if isinstance(value, dict) else None
    if not isinstance(text, str):
        name = f" {entry['id']!r}" if "id" in entry else ""
        raise BadInput(f"--dataset-path: turn {turn + 1} of conversation{name} has no text as its 'value'")
    return text


def oversample(kept: list[Prompt], options: WorkloadOptions, generator: random.Random) -> list[str]:
    """Fills up to the asked count with prompts drawn from `kept`, as vLLM does; returns what is to be noted.

    `generator` is seeded anew for it, also as in vLLM.
    """
    there, wanted = len(kept), options.count or 0
    if there >= wanted:
        return []
    if not options.oversample:
        return [f"the data set has {there} prompts, fewer than the {wanted} asked for"]
    generator.seed(options.seed)
    kept += [generator.choice(kept[:there]) for _ in range(wanted - there)]
    return [f"the data set has {there} prompts: others of the {wanted} are repetitions, drawn by --seed"]
