"""The size of each server's prefix cache, from its metrics or from the options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aisbench.analysis.samples import ServerSamples
from aisbench.config.run_config import RunConfig

SizeFrom = Literal["metrics", "option", "default"]
# vLLM's, and that of AISBench's traces.
_DEFAULT_BLOCK = 16


@dataclass(frozen=True)
class Size:
    """The caches of one server: `tokens` in all of them together (None: not known), and their number (None: not known)."""

    tokens: int | None = None
    caches: int | None = None


@dataclass(frozen=True)
class Sizes:
    """`block`: tokens in a block. `servers`: one for each --url. `tokens_from`: None if a size is not known."""

    block: int
    block_from: SizeFrom
    servers: Sequence[Size]
    tokens_from: SizeFrom | None

    @staticmethod
    def of(config: RunConfig, samples: ServerSamples, urls: int) -> Sizes:
        """The options come before the metrics, which are the last that were read."""
        told = {endpoint: kept[-1]["values"] for endpoint, kept in samples.items() if kept}
        servers = [_size(config, told.get(endpoint, {})) for endpoint in range(urls)]
        known = all(size.tokens is not None for size in servers)
        tokens_from: SizeFrom = "metrics" if config.cache_tokens is None else "option"
        block, block_from = _DEFAULT_BLOCK, "default"
        blocks = [int(values["cache_block"]) for values in told.values() if "cache_block" in values]
        if config.cache_block is not None:
            block, block_from = config.cache_block, "option"
        elif blocks:
            block, block_from = blocks[0], "metrics"
        return Sizes(block, block_from, servers, tokens_from if known else None)  # type: ignore[arg-type]


def _size(config: RunConfig, values: dict[str, Any]) -> Size:
    caches = int(values["caches"]) if "caches" in values else None
    if config.cache_tokens is not None:
        return Size(config.cache_tokens, caches)
    return Size(int(values["cache_tokens"]), caches) if "cache_tokens" in values else Size(None, caches)
