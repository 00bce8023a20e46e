"""The `sharegpt` data set: first turns of recorded conversations, as in `vllm bench serve` 0.32.

The file is a JSON list of entries with "conversations": [{"from", "value"}, ...]. Entries of fewer
than two turns are left out, and the others are shuffled. The first turn is the prompt, and the length of the
second is the output length. Very short and very long conversations are left out by vLLM's rules.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLine, BadLines, check_text
from aisbench.workload.files.dataset_files import dataset_file, is_json_list, json_entries
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.token_counts import TokenCounter

# vLLM's bounds, in tokens: at least for prompt and answer each, at most for the prompt, and for both together.
_LEAST, _LONGEST_PROMPT, _LONGEST_SUM = 4, 1024, 2048
_BATCH = 256


def sharegpt_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a file that is not such a list, or if no conversation is left.

    All conversations are checked before they are shuffled; vLLM's client fails at the first one without a text.
    """
    path = dataset_file(options, "a JSON list of conversations, such as ShareGPT's")
    entries, bad, short = _read_entries(path, options)
    generator = random.Random(options.seed)
    if options.shuffle:
        generator.shuffle(entries)
    counter = TokenCounter(options)
    kept: list[Prompt] = []
    outside = 0
    for prompt in _valid_prompts(entries, counter, options.output_len):
        if prompt is None:
            outside += 1
            continue
        kept.append(prompt)
        if len(kept) == options.count:
            break
    if not kept:
        raise BadInput(
            f"{path}: no conversation is left; each needs at least two turns, a prompt of {_LEAST} to "
            f"{_LONGEST_PROMPT} tokens, and at most {_LONGEST_SUM} tokens with the answer"
        )
    notes = [counter.note, *bad.notes(), *oversample(kept, options, generator)]
    if short or outside:
        notes.append(
            f"by the rules of vllm bench serve, {short} conversations of fewer than two turns are left out, and "
            f"{outside} that are too short or too long ({_LEAST} to {_LONGEST_PROMPT} tokens, {_LONGEST_SUM} with "
            "the answer)"
        )
    if any("image" in entry or "video" in entry for entry in entries):
        notes.append("images and videos of the conversations are not sent")
    return Prompts(iter(kept), len(kept), notes, stdlib_random=generator, rows=bad.facts())


def _read_entries(path: Path, options: WorkloadOptions) -> tuple[list[Any], BadLines, int]:
    """The conversations of at least two turns, the unusable ones, and the number of shorter ones."""
    bad = BadLines(path, strict=options.strict_dataset, unit="entry" if is_json_list(path) else "line")
    entries: list[Any] = []
    short = 0
    for number, parse in json_entries(path, options.dataset):
        try:
            entry = parse()
            if _has_two_turns(entry):
                entries.append(entry)
            else:
                short += 1
            bad.used += 1
        except BadLine as problem:
            bad.add(number, problem)
    bad.check()
    return entries, bad, short


def _has_two_turns(entry: Any) -> bool:
    """Whether an entry has two turns; raises BadLine if it is not a conversation, or one of the two has no text."""
    if not isinstance(entry, dict):
        raise BadLine(f"{type(entry).__name__} instead of a JSON object")
    turns = entry.get("conversations")
    if not isinstance(turns, list):
        hint = (
            " (--dataset conversations reads messages and turns)"
            if {"messages", "turns"} & entry.keys()
            else ""
        )
        raise BadLine(f"no list named conversations{hint}")
    if len(turns) < 2:
        return False
    for i, turn in enumerate(turns[:2], 1):
        text = turn.get("value") if isinstance(turn, dict) else None
        if not isinstance(text, str):
            raise BadLine(f"turn {i} has no text in 'value'", "a turn without a text in 'value'")
        check_text(text)
    return True


def _valid_prompts(
    entries: list[Any], counter: TokenCounter, output_len: int | None
) -> Iterator[Prompt | None]:
    """A prompt for each entry within vLLM's bounds, None for the others.

    `output_len`: replaces the length of the second turn unless None.
    """
    for first in range(0, len(entries), _BATCH):
        pairs = [(_turn_text(e, 0), _turn_text(e, 1)) for e in entries[first : first + _BATCH]]
        prompt_tokens = counter.counts([question for question, _ in pairs])
        if output_len is None:
            output_tokens = counter.counts([answer for _, answer in pairs])
        else:
            output_tokens = [output_len] * len(pairs)
        for (question, _), asked, answered in zip(pairs, prompt_tokens, output_tokens, strict=True):
            too_short = asked < _LEAST or (output_len is None and answered < _LEAST)
            if not too_short and asked <= _LONGEST_PROMPT and asked + answered <= _LONGEST_SUM:
                yield Prompt(question, asked, answered)
            else:
                yield None


def _turn_text(entry: Any, turn: int) -> str:
    text: str = entry["conversations"][turn]["value"]
    return text


def oversample(kept: list[Prompt], options: WorkloadOptions, generator: random.Random) -> list[str]:
    """Fills `kept` up to --num-requests with prompts drawn from it, as vLLM does; returns notes about that.

    `generator` is seeded again first, also as in vLLM.
    """
    there, wanted = len(kept), options.count or 0
    if there >= wanted:
        return []
    if not options.oversample:
        return [f"the data set has {there} prompts, fewer than the {wanted} requested"]
    generator.seed(options.seed)
    kept += [generator.choice(kept[:there]) for _ in range(wanted - there)]
    return [f"the data set has {there} prompts; the rest of the {wanted} are repetitions, drawn by --seed"]
