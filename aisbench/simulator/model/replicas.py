"""The prefix caches behind one port, and the router that chooses between them."""

from __future__ import annotations

import random
from typing import Any
from zlib import crc32

from aisbench.simulator.model.parameters import Parameters
from aisbench.simulator.model.prefix_cache import PrefixCache, tokens_of

# What makes a prompt without a session header belong to a session: its first tokens.
_FIRST_TOKENS = 16


class Cached:
    """A prompt that was looked up: its cache, its tokens, and how many of them the cache held."""

    __slots__ = ("cache", "found", "tokens")

    def __init__(self, cache: PrefixCache, tokens: list[Any]) -> None:
        self.cache = cache
        self.tokens = tokens
        self.found = cache.take(tokens)

    def answered(self, words: list[Any]) -> None:
        """Caches the answer as well, but for its last token, which was never computed with."""
        self.cache.keep([*self.tokens, *words[:-1]])


class Replicas:
    """`caches`: one for each replica. All replicas share the batch, so that only their caches differ.

    The router `sticky` always sends a session to the same replica: by its header, or else by its first tokens; `random`
    draws a replica for each request, and `round-robin` takes one after another.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.router = parameters.router
        self.random = random.Random(f"{parameters.seed} router")
        self.caches = [
            PrefixCache(parameters.prefix_cache_tokens, parameters.prefix_cache_block)
            for _ in range(parameters.replicas)
        ]
        self.routed = 0

    @property
    def are_on(self) -> bool:
        return self.caches[0].most > 0

    def clear(self) -> None:
        for cache in self.caches:
            cache.clear()

    def take(self, prompt: Any, session: bytes) -> Cached:
        """Looks `prompt` (see Asked.prompt) up in the cache of one replica. `session`: the value of its header, or empty."""
        tokens = list(tokens_of(prompt))
        return Cached(self.caches[self._chosen(tokens, session)], tokens)

    def _chosen(self, tokens: list[Any], session: bytes) -> int:
        self.routed += 1
        if self.router == "random":
            return self.random.randrange(len(self.caches))
        if self.router == "round-robin":
            return (self.routed - 1) % len(self.caches)
        key = session or " ".join(map(str, tokens[:_FIRST_TOKENS])).encode()
        return crc32(key) % len(self.caches)
