"""The part `theory` of summary.json's `prefix_cache`."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

import numpy as np

from aisbench.analysis.caches.causes import Cause, causes
from aisbench.analysis.caches.sizes import SizeFrom
from aisbench.analysis.caches.theory import NOTABLE, Theory
from aisbench.analysis.caches.tokenising import TokensFrom
from aisbench.analysis.contract.keys import Count, Requests, Share, Tokens


class ServerTheory(TypedDict):
    """The caches of one --url; shares are of the prompt tokens that it got."""

    url: Annotated[str, "its address, without secrets"]
    requests: Requests
    cache_tokens: Annotated[Tokens | None, "in all its caches together; null if not known"]
    endless_share: Annotated[Share | None, "what an endless cache finds; null if it got nothing"]
    lru_share: Annotated[Share | None, "what a cache of its size finds"]
    actual_share: Annotated[Share | None, "what it reports in usage"]


class CacheTheory(TypedDict):
    """What caches of several kinds find in the prompts of this run in the order in which they were sent, beside what the
    servers found. Shares are of the prompt tokens of `requests`."""

    requests: Annotated[Requests, "whose usage gave cached tokens; if none did, all that were looked at"]
    sampled: Annotated[
        bool,
        "later requests were left out: at most 20,000 with 8 million tokens (a million blocks) are looked at",
    ]
    tokens_from: Annotated[
        TokensFrom,
        "what the blocks are cut from: token ids that were sent, --tokenizer, words (if the server counts as many), or "
        "text cut into pieces of equal length, as many as the server counted tokens",
    ]
    block_tokens: Tokens
    block_from: Annotated[SizeFrom, "the server's metrics, --cache-block, or the default"]
    cache_tokens: Annotated[Tokens | None, "in the caches of all servers together; null if not known"]
    cache_from: Annotated[SizeFrom | None, "the server's metrics or --cache-tokens"]
    needed_tokens: Annotated[Tokens, "what an endless cache holds in the end"]
    repeated_share: Annotated[
        Share, "repeats the beginning of an earlier prompt and its answer, token by token"
    ]
    endless_share: Annotated[Share, "found by one endless cache, in whole blocks"]
    lru_share: Annotated[
        Share | None,
        "found by caches of the servers' sizes, each with the requests that it got; null if a size is not known",
    ]
    spread_share: Annotated[
        Share | None,
        "found if each server's requests are spread over `spread_over` caches at random; null if that explains nothing",
    ]
    spread_over: Annotated[
        Count | None, "as many as the server reports, or else the number up to 16 that comes nearest"
    ]
    actual_share: Annotated[Share | None, "found by the servers"]
    actual_from: Annotated[
        Literal["usage", "metrics"], "usage of the same requests, or else the servers' counters"
    ]
    causes: Annotated[list[Cause], "of the differences of a point and more"]
    servers: Annotated[list[ServerTheory] | None, "null with a single --url"]


def theory_block(theory: Theory, server_share: float | None) -> CacheTheory:
    """`server_share`: the share of hits by the servers' counters, which stands in for a usage that has none."""
    told = theory.actual_from == "usage"
    actual = theory.share(theory.actual) if told else server_share
    lru, by_server = theory.share(theory.lru), theory.share(theory.by_server)
    best = by_server if lru is None else lru
    assert best is not None
    # Without a size, a cache that evicts finds as little as several that share the requests.
    may_be_routed = actual is not None and lru is not None and lru - actual >= NOTABLE
    spread = theory.spread_near(actual) if may_be_routed and actual is not None else None
    sizes = theory.sizes
    known = [size.tokens for size in sizes.servers if size.tokens is not None]
    return {
        "requests": int(np.count_nonzero(theory.counted)),
        "sampled": theory.streams.sampled,
        "tokens_from": theory.streams.tokens_from,
        "block_tokens": sizes.block,
        "block_from": sizes.block_from,
        "cache_tokens": None if sizes.tokens_from is None else sum(known),
        "cache_from": sizes.tokens_from,
        "needed_tokens": theory.needed_tokens,
        "repeated_share": theory.share(theory.repeats) or 0.0,
        "endless_share": theory.share(theory.endless) or 0.0,
        "lru_share": lru,
        "spread_share": None if spread is None else theory.share(spread.hits),
        "spread_over": None if spread is None else spread.caches,
        "actual_share": actual,
        "actual_from": theory.actual_from,
        "causes": causes(theory, actual, spread),
        "servers": _servers(theory, told=told),
    }


def _servers(theory: Theory, *, told: bool) -> list[ServerTheory] | None:
    urls = theory.run.info.get("endpoints") or []
    if len(urls) < 2:
        return None
    return [
        {
            "url": url,
            "requests": int(np.count_nonzero(theory.counted & mask)),
            "cache_tokens": tokens,
            "endless_share": theory.share(theory.by_server, mask),
            "lru_share": theory.share(theory.lru, mask),
            "actual_share": theory.share(theory.actual, mask) if told else None,
        }
        for url, (mask, tokens) in zip(urls, theory.servers, strict=True)
    ]
