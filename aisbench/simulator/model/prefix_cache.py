"""A prefix cache: how much of the beginning of a prompt the server has already computed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


class PrefixCache:
    """Keeps up to `capacity` tokens in blocks of `block` tokens, and evicts the least recently used block.

    The key of a block covers its tokens and all tokens before it. Of the blocks that were used together, the last goes
    first, as in vLLM. A capacity of 0 turns the cache off. `queries` and `hits`: tokens looked up and found.
    """

    def __init__(self, capacity: int, block: int) -> None:
        self.block = block
        self.most = capacity // block
        self.blocks: OrderedDict[int, None] = OrderedDict()
        self.queries = 0
        self.hits = 0

    def clear(self) -> None:
        self.blocks.clear()

    def take(self, tokens: Sequence[Any]) -> int:
        """Returns how many tokens at the beginning of `tokens` are cached, and caches them all."""
        keys = list(self._keys(tokens))
        known = next((at for at, key in enumerate(keys) if key not in self.blocks), len(keys))
        self._use(keys)
        # The last token, and so its block, must be computed in any case.
        found = min(known, max(0, len(tokens) - 1) // self.block) * self.block
        self.queries += len(tokens)
        self.hits += found
        return found

    def keep(self, tokens: Sequence[Any]) -> None:
        """Caches `tokens` without looking them up."""
        self._use(list(self._keys(tokens)))

    def _keys(self, tokens: Sequence[Any]) -> Iterator[int]:
        before = 0
        for begin in range(0, len(tokens) - self.block + 1, self.block):
            before = hash((before, *tokens[begin : begin + self.block]))
            yield before

    def _use(self, keys: list[int]) -> None:
        for key in reversed(keys[: self.most]):
            self.blocks[key] = None
            self.blocks.move_to_end(key)
        while len(self.blocks) > self.most:
            self.blocks.popitem(last=False)


def tokens_of(prompt: Any) -> Iterator[Any]:
    """The tokens of `prompt` (see Asked.prompt) in order: the words of a string, token ids, or the words and images of
    messages."""
    if isinstance(prompt, str):
        yield from prompt.split()
    elif isinstance(prompt, dict):
        yield from tokens_of(
            [prompt[name] for name in ("content", "text", "image_url", "url") if name in prompt]
        )
    elif isinstance(prompt, Iterable):
        for part in prompt:
            yield from (part,) if isinstance(part, int) else tokens_of(part)
