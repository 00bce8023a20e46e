"""A prefix cache: which beginning of a prompt the server has seen before and need not compute."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

# As vLLM's by default.
BLOCK_TOKENS = 16


class PrefixCache:
    """Keeps `capacity` tokens in blocks of BLOCK_TOKENS; the block that was used least recently goes first.

    A block is known by itself and all that comes before it. With a capacity of 0 nothing is ever found.
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
        """How many tokens at the beginning of `prompt` (see Asked.prompt) are cached; all of it is, from now on."""
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
        # The last token has to be computed in any case, and with it its block.
        return min(cached, max(0, len(tokens) - 1) // BLOCK_TOKENS * BLOCK_TOKENS)


def _tokens_of(prompt: Any) -> Iterator[Any]:
    """The tokens in order: words of a text, ids as they are; of messages, the words and images in them."""
    if isinstance(prompt, str):
        yield from prompt.split()
    elif isinstance(prompt, dict):
        yield from _tokens_of(
            [prompt[name] for name in ("content", "text", "image_url", "url") if name in prompt]
        )
    elif isinstance(prompt, Iterable):
        for part in prompt:
            yield from (part,) if isinstance(part, int) else _tokens_of(part)
