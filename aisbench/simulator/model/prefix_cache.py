"""A prefix cache: how much of the beginning of a prompt the server has already computed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

# vLLM's default.
BLOCK_TOKENS = 16


class PrefixCache:
    """Keeps up to `capacity` tokens in blocks of BLOCK_TOKENS, and evicts the least recently used block.

    The key of a block covers its tokens and all tokens before it. A capacity of 0 turns the cache off.
    """

    def __init__(self, capacity: int) -> None:
        self.most = capacity // BLOCK_TOKENS
        self.blocks: OrderedDict[int, None] = OrderedDict()

    @property
    def is_on(self) -> bool:
        return self.most > 0

    def clear(self) -> None:
        self.blocks.clear()

    def take(self, prompt: Any) -> int:
        """Returns how many tokens at the beginning of `prompt` (see Asked.prompt) are cached, and caches the prompt."""
        if not self.is_on:
            return 0
        tokens = list(_tokens_of(prompt))
        cached, unbroken, before = 0, True, 0
        for begin in range(0, len(tokens) - BLOCK_TOKENS + 1, BLOCK_TOKENS):
            before = hash((before, *tokens[begin : begin + BLOCK_TOKENS]))
            known = before in self.blocks
            unbroken = unbroken and known
            cached += BLOCK_TOKENS * unbroken
            self.blocks[before] = None
            self.blocks.move_to_end(before)
            if len(self.blocks) > self.most:
                self.blocks.popitem(last=False)
        # The last token, and so its block, must be computed in any case.
        return min(cached, max(0, len(tokens) - 1) // BLOCK_TOKENS * BLOCK_TOKENS)


def _tokens_of(prompt: Any) -> Iterator[Any]:
    """The tokens in order: the words of a string, token ids, or the words and images of messages."""
    if isinstance(prompt, str):
        yield from prompt.split()
    elif isinstance(prompt, dict):
        yield from _tokens_of(
            [prompt[name] for name in ("content", "text", "image_url", "url") if name in prompt]
        )
    elif isinstance(prompt, Iterable):
        for part in prompt:
            yield from (part,) if isinstance(part, int) else _tokens_of(part)
