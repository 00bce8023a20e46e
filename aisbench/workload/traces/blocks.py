"""Makes the tokens of prompts from the ids of their blocks: equal ids become equal tokens.

The tokens of a block are drawn from a generator seeded with the SHA-256 of the seed and the id, so they are the same
on every machine and in every run. Without recorded ids, each prompt is drawn on its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.prompt import Prompt
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.tokens.tokenizers import allowed_ids, load_tokenizer
from aisbench.workload.tokens.words import WORDS
from aisbench.workload.traces.trace import Recorded, Trace, TraceSession

# Tokens of blocks that are kept, about 40 MB of ids or 30 MB of text.
_KEPT_TOKENS = 5_000_000

Tokens = NDArray[np.int64]


class Blocks:
    """Draws ids from a tokenizer's vocabulary without its special tokens, or else words from the built-in list."""

    def __init__(self, options: WorkloadOptions, block: int, ids_are_sent: bool) -> None:
        self.block = block
        self.seed = options.seed
        self.ids_are_sent = ids_are_sent
        self.words = np.array(WORDS, dtype=object)
        if ids_are_sent:
            tokenizer = load_tokenizer(str(options.tokenizer), trust_remote_code=options.trust_remote_code)
            self.allowed = allowed_ids(tokenizer, options.tokenizer)
        else:
            self.allowed = np.arange(len(WORDS))
        kept = max(16, _KEPT_TOKENS // block)
        self.of = lru_cache(kept)(lambda name: self.drawn(f"block {name}", block))
        self.text_of = lru_cache(kept)(lambda name: self.text(self.of(name)))

    def drawn(self, name: str, count: int) -> Tokens:
        digest = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
        generator = np.random.default_rng(np.frombuffer(digest, dtype="<u4"))
        return self.allowed[generator.integers(0, len(self.allowed), size=count)]

    def text(self, tokens: Tokens) -> str:
        return " ".join(self.words[tokens].tolist())

    def prompts(self, trace: Trace) -> Iterator[Prompt]:
        """The prompts of all requests, session by session."""
        index = 0
        for session in trace.sessions:
            following = _following(session, self.block)
            for request, tail in zip(session.requests, following, strict=True):
                yield self.prompt(index, request, session.scope, tail)
                index += 1

    def prompt(self, index: int, request: Recorded, scope: str, tail: int | str | None) -> Prompt:
        """The blocks of a request, cut to its length.

        The rest that they do not fill is the beginning of block `tail`, or, without one, unique to the request.
        """
        # Blocks of the file's own scope are named by their ids alone.
        place = f"{scope}:" if scope else ""
        length = request.input_tokens
        whole = [f"{place}{one}" for one in request.blocks[: length // self.block]]
        missing = length - len(whole) * self.block
        ends = request.blocks[len(whole) : len(whole) + 1]
        # Only a part of a block is missing if there is an id for it.
        ending = ends[0] if len(ends) else tail
        if missing == 0:
            rest = self.allowed[:0]
        elif ending is not None:
            rest = self.of(f"{place}{ending}")[:missing]
        else:
            rest = self.drawn(f"request {index}", missing)
        if self.ids_are_sent:
            ids = np.concatenate([*map(self.of, whole), rest]).tolist()
            return Prompt("", length, request.output_tokens, tuple(ids))
        parts = [*map(self.text_of, whole), *([self.text(rest)] if len(rest) else [])]
        return Prompt(" ".join(parts), length, request.output_tokens)


def _following(session: TraceSession, block: int) -> list[int | str | None]:
    """For each request whose last block has no id, the id that stands in its place in a request that continues it.

    The tail of a prompt below one block would otherwise be other tokens than in the next turn, and a server with
    smaller blocks would find less than it did when the trace was recorded.
    """
    found: list[int | str | None] = [None] * len(session.requests)
    for request in session.requests:
        for one in request.after:
            before = session.requests[one]
            whole = before.input_tokens // block
            if (
                found[one] is None
                and whole == len(before.blocks) < len(request.blocks)
                and request.blocks[:whole] == before.blocks
            ):
                found[one] = request.blocks[whole]
    return found
