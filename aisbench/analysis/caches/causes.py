"""Why a prefix cache found less than the workload repeats, or more: each cause with its share and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypedDict

from aisbench.analysis.caches.found import Spread
from aisbench.analysis.caches.theory import NOTABLE, Theory
from aisbench.analysis.contract.keys import Share

# Requests spread at random explain what is missing if they leave less than this part of it.
_UNLIKE = 0.35


class Cause(TypedDict):
    """A cause of the difference between two rows of the theory."""

    cause: Annotated[
        Literal["blocks", "urls", "evicted", "routed", "unexplained", "more"],
        "blocks: only whole blocks are found; urls: earlier requests with this beginning went to another --url; "
        "evicted before reuse; routed to a cache that did not have it; unexplained; more than the theory finds",
    ]
    share: Annotated[Share, "of the prompt tokens"]
    text: str


def causes(theory: Theory, actual: float | None, spread: Spread | None) -> list[Cause]:
    """The causes of at least NOTABLE, in the order in which they come between repeats and hits.

    `actual`: the share of hits; None if not known. `spread`: from Theory.spread_near.
    """
    found = [*_before_the_servers(theory), *_evicted(theory)]
    if actual is not None:
        found += _in_the_server(theory, actual, spread)
    return found


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _before_the_servers(theory: Theory) -> Iterator[Cause]:
    repeats, endless, by_server = map(theory.share, (theory.repeats, theory.endless, theory.by_server))
    assert repeats is not None
    assert endless is not None
    assert by_server is not None
    if (lost := repeats - endless) >= NOTABLE:
        yield {
            "cause": "blocks",
            "share": lost,
            "text": f"{_points(lost)} because only whole blocks of {theory.sizes.block} tokens are found, and the last "
            "token of a prompt is always computed",
        }
    if (lost := endless - by_server) >= NOTABLE:
        yield {
            "cause": "urls",
            "share": lost,
            "text": f"{_points(lost)} because earlier requests with the same beginning went to another --url "
            f"(--url-policy {theory.run.config.url_policy})",
        }


def _evicted(theory: Theory) -> Iterator[Cause]:
    by_server, lru = theory.share(theory.by_server), theory.share(theory.lru)
    if by_server is None or lru is None or (lost := by_server - lru) < NOTABLE:
        return
    size = sum(size.tokens or 0 for size in theory.sizes.servers)
    yield {
        "cause": "evicted",
        "share": lost,
        "text": f"{_points(lost)} evicted before reuse: the cache holds {size:,} tokens, and all prompts and answers have "
        f"{theory.needed_tokens:,} different ones",
    }


def _in_the_server(theory: Theory, actual: float, spread: Spread | None) -> Iterator[Cause]:
    """What is missing or too much beside the caches of the servers' sizes, or beside endless ones."""
    lru = theory.share(theory.lru)
    best = theory.share(theory.by_server) if lru is None else lru
    assert best is not None
    missing = best - actual
    if missing <= -NOTABLE:
        yield {
            "cause": "more",
            "share": -missing,
            "text": f"{_points(-missing)} more than the theory: left by earlier requests, or kept in a larger cache or a "
            "second one behind it",
        }
    if missing < NOTABLE:
        return
    routed = theory.share(None if spread is None else spread.hits)
    if spread is not None and routed is not None and abs(routed - actual) < _UNLIKE * missing:
        named = "the server reports" if theory.sizes.servers[0].caches else "as if it had"
        yield {
            "cause": "routed",
            "share": missing,
            "text": f"{_points(missing)} routed elsewhere: {named} {spread.caches} caches, and requests spread over them "
            f"at random would find {100 * routed:.1f} %. A router that keeps sessions together would find up to {100 * best:.1f} %",
        }
        return
    size = (
        "evicted or routed elsewhere (--cache-tokens, the size of the cache, would tell), "
        if lru is None
        else ""
    )
    yield {
        "cause": "unexplained",
        "share": missing,
        "text": f"{_points(missing)} not explained: {size}sent while the first request with this beginning was still being "
        "computed, pushed out by other clients or by requests in flight, or answers that are cut into other tokens when later "
        "turns send them back",
    }
