"""The `trace` data set: replays recorded traffic at its recorded times, with the prefixes that its requests shared.

Equal hash ids become equal blocks of tokens, so a prefix cache finds as much as it would have found in the recorded
traffic. The tokens of a block are drawn from a generator seeded with the SHA-256 of the seed and the id, so they are
the same on every machine and in every run. Without recorded ids, each prompt is drawn independently.

vLLM's `timed_trace` does the same with Python's salted hash(), so its prompts differ from run to run and cannot be
reproduced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.datasets.generated.random import allowed_ids
from aisbench.workload.files.dataset_files import dataset_file
from aisbench.workload.files.trace_times import MS, S
from aisbench.workload.files.traces import Recorded, fit_note, read_trace
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.tokenizers import load_tokenizer
from aisbench.workload.tokens.words import WORDS

_MOONCAKE_BLOCK, _VLLM_BLOCK = 512, 16
_KEPT_BLOCKS = 10_000


def trace_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a file that is not a trace, or has bad lines."""
    return _replayed(options, backend, _MOONCAKE_BLOCK, MS)


def timed_trace_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """The same with vLLM's defaults: blocks of 16 tokens, times in seconds."""
    return _replayed(options, backend, _VLLM_BLOCK, S)


def _replayed(options: WorkloadOptions, backend: Backend, block: int, unit_ns: int) -> Prompts:
    path = dataset_file(options, "a trace (Mooncake JSON lines, Azure or BurstGPT CSV)")
    if options.token_ids and not backend.takes_token_ids:
        raise BadInput(
            f"--token-ids: {backend.family} takes no token ids; use --backend openai (v1/completions)"
        )
    if options.token_ids and options.tokenizer is None:
        raise BadInput("--token-ids needs a vocabulary; give one with --tokenizer")
    if options.speedup != 1.0 and not options.own_times:
        raise BadInput(
            "--speedup divides a trace's own times, which --rate (or --stress, --burst, ...) replaces; "
            "leave one of them out"
        )
    trace = read_trace(path, options, unit_ns=unit_ns)
    if options.count is not None:
        trace = replace(trace, requests=trace.requests[: options.count])
    block = options.block_size or block
    ids_are_sent = options.tokenizer is not None and backend.takes_token_ids
    blocks = _Blocks(options, block, ids_are_sent)
    if ids_are_sent:
        notes = [f"prompts are sent as token ids of tokenizer {options.tokenizer}: lengths are the trace's"]
    else:
        notes = ["prompts are words of a built-in list, one for each token of the trace"]
    shared, total = _expected_reuse(trace.requests, block)
    notes.append(
        f"trace of {len(trace.requests)} requests ({trace.format}): {shared} of {total} input tokens "
        f"({shared / total:.1%}) repeat the prefix of an earlier request"
    )
    if options.count is not None and len(trace.requests) < options.count:
        notes.append(
            f"the trace has {len(trace.requests)} requests, fewer than the {options.count} requested"
        )
    if not options.own_times and trace.requests[0].at_ns is not None:
        notes.append("the trace's own times are not used: the options say when requests leave")
    notes += [*trace.notes, *fit_note(trace.requests, block)]
    if trace.failed:
        notes.append(f"{trace.failed} failed requests of the trace are left out")

    words = np.array(WORDS, dtype=object)

    def items() -> Iterator[Prompt]:
        for i, request in enumerate(trace.requests):
            ids = blocks.prompt(i, request)
            if ids_are_sent:
                yield Prompt("", len(ids), request.output_tokens, tuple(ids.tolist()))
            else:
                yield Prompt(" ".join(words[ids].tolist()), len(ids), request.output_tokens)

    return Prompts(
        items(),
        len(trace.requests),
        notes,
        arrivals_ns=trace.offsets_ns(options.speedup) if options.own_times else None,
        rows=trace.rows,
    )


class _Blocks:
    """Draws ids from a tokenizer's vocabulary without its special tokens, or else from the list of words."""

    def __init__(self, options: WorkloadOptions, block: int, ids_are_sent: bool) -> None:
        self.block = block
        self.seed = options.seed
        if ids_are_sent:
            tokenizer = load_tokenizer(str(options.tokenizer), trust_remote_code=options.trust_remote_code)
            self.allowed = allowed_ids(tokenizer, options)
        else:
            self.allowed = np.arange(len(WORDS))
        self.of = lru_cache(_KEPT_BLOCKS)(lambda block_id: self.drawn(f"block {block_id}", block))

    def drawn(self, name: str, count: int) -> NDArray[np.int64]:
        digest = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
        generator = np.random.default_rng(np.frombuffer(digest, dtype="<u4"))
        return self.allowed[generator.integers(0, len(self.allowed), size=count)]

    def prompt(self, index: int, request: Recorded) -> NDArray[np.int64]:
        """The blocks of a request, cut to its length; the part that they do not fill is unique to it."""
        parts = [self.of(block_id) for block_id in request.blocks[: -(-request.input_tokens // self.block)]]
        missing = request.input_tokens - len(parts) * self.block
        if missing > 0:
            parts.append(self.drawn(f"request {index}", missing))
        return np.concatenate(parts)[: request.input_tokens]


def _expected_reuse(requests: list[Recorded], block: int) -> tuple[int, int]:
    """The input tokens that an unlimited prefix cache would find, and all input tokens.

    It finds a whole block if an earlier request began with the same ids up to and including that block.
    """
    nodes: dict[tuple[int, int | str], int] = {}
    shared = total = 0
    for request in requests:
        total += request.input_tokens
        node = 0
        for block_id in request.blocks[: request.input_tokens // block]:
            child = nodes.get((node, block_id))
            if child is not None:
                shared += block
            else:
                child = nodes[(node, block_id)] = len(nodes) + 1
            node = child
    return shared, total
