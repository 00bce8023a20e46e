"""The block `prefix_cache`: the share of prompt tokens found in the cache, and the share that the run repeats."""

from __future__ import annotations

from typing import Annotated, TypedDict

import numpy as np

from aisbench.analysis.blocks.server import growth
from aisbench.analysis.caches.block import CacheTheory, theory_block
from aisbench.analysis.contract.keys import Requests, Share, Tokens
from aisbench.analysis.measured import Measured
from aisbench.analysis.tokens import TokenCounts
from aisbench.analysis.verdict.thresholds import MOST_TEMPLATE_TOKENS
from aisbench.records.run import Run


class PrefixCacheBlock(TypedDict):
    """The share of prompt tokens found in the server's prefix cache, and the share that the run repeats. Shares are of
    all prompt tokens, null if not known."""

    workload_share: Annotated[
        Share | None, "tokens that repeat the beginning of an earlier prompt of this run"
    ]
    template_share: Annotated[
        Share, "upper bound of the tokens that the server's chat template adds to each prompt"
    ]
    server_share: Annotated[Share | None, "hits according to the servers' metrics"]
    request_share: Annotated[
        Share | None,
        "hits according to the usage of this run's requests; used instead of `server_share` if known",
    ]
    requests_counted: Annotated[Requests, "requests whose usage gave cached tokens"]
    unexplained_share: Annotated[Share | None, "hits beyond the shares of workload and template"]
    prompt_tokens: Annotated[Tokens, "of the successful requests"]
    reset: Annotated[str | None, "the outcome of --reset-prefix-cache; null without it"]
    theory: Annotated[CacheTheory | None, "null if no server reports its hits, or the run kept no bodies"]


def prefix_cache_block(measured: Measured) -> PrefixCacheBlock | None:
    """summary.json's `prefix_cache`; None if nothing was generated or the prompts' tokens are not known."""
    run, tokens = measured.run, measured.tokens
    prompt = int(tokens.prompt.sum())
    if not run.generates or prompt == 0:
        return None
    own = workload_share(run, tokens)
    template = template_share(run, tokens)
    by_request, counted = request_share(run, tokens)
    by_server = server_share(measured, prompt)
    hit = by_server if by_request is None else by_request
    theory = measured.cache_theory
    found = None if theory is None else theory_block(theory, by_server)
    # The share by blocks of bytes misses what does not fill its last block, and the cache may find it.
    explained = None if own is None else max(own, 0.0 if found is None else found["endless_share"]) + template
    return {
        "workload_share": own,
        "template_share": template,
        "server_share": by_server,
        "request_share": by_request,
        "requests_counted": counted,
        "unexplained_share": None if hit is None or explained is None else max(0.0, hit - explained),
        "prompt_tokens": prompt,
        "reset": run.info.get("prefix_cache_reset"),
        "theory": found,
    }


def workload_share(run: Run, tokens: TokenCounts) -> float | None:
    """The share of prompt tokens that repeat earlier ones: repeated bodies, and the history of conversations."""
    fingerprint = run.info.get("fingerprint") or {}
    reuse, bodies = fingerprint.get("prefix_reuse"), fingerprint.get("requests")
    if reuse is None or not bodies:
        return None
    sent = int(np.count_nonzero(run.rows["sent_ns"] > 0))
    # A body that is sent again is repeated as a whole.
    share = 1 - (1 - reuse) * min(1.0, bodies / max(sent, 1))
    if not run.has_conversations:
        return float(share)
    return min(1.0, float(_history_share(run, tokens) + share * _first_turns_share(run, tokens)))


def _history_share(run: Run, tokens: TokenCounts) -> float:
    """The share of prompt tokens that repeat the prompt and answer of the previous turn."""
    conversation, turn = run.rows["conversation"], run.rows["turn"]
    order = np.lexsort((turn, conversation))
    prompt, whole = tokens.prompt[order], (tokens.prompt + tokens.output)[order]
    follows = (np.diff(conversation[order]) == 0) & (np.diff(turn[order]) > 0)
    return float(np.minimum(prompt[1:], whole[:-1])[follows].sum() / tokens.prompt.sum())


def _first_turns_share(run: Run, tokens: TokenCounts) -> float:
    return float(tokens.prompt[run.rows["turn"] == 0].sum() / tokens.prompt.sum())


def template_share(run: Run, tokens: TokenCounts) -> float:
    """The share that a chat template may have added to every prompt: the server's counts less the planned ones."""
    counted = run.has_status("ok") & (run.rows["prompt_tokens"] >= 0)
    planned = run.planned_lengths("prompt_tokens")
    if planned is None or not counted.any():
        return 0.0
    more = (run.rows["prompt_tokens"] - planned)[counted & (planned > 0)]
    each = int(np.clip(more.min(initial=MOST_TEMPLATE_TOKENS), 0, MOST_TEMPLATE_TOKENS)) if len(more) else 0
    return min(1.0, each * int(counted.sum()) / int(tokens.prompt.sum()))


def request_share(run: Run, tokens: TokenCounts) -> tuple[float | None, int]:
    """The share of hits by `usage` (None if no request had it), and the number of requests that gave it."""
    told = run.has_status("ok") & (run.rows["cached_tokens"] >= 0) & (tokens.prompt > 0)
    if not told.any():
        return None, 0
    hits = np.minimum(run.rows["cached_tokens"][told], tokens.prompt[told]).sum()
    return float(hits / tokens.prompt[told].sum()), int(told.sum())


def server_share(measured: Measured, prompt_tokens: int) -> float | None:
    """The share of hits by the servers' counters. llama.cpp counts computed tokens, so the rest are hits."""
    run, grown = measured.run, growth(measured.server_samples)
    queries = grown.get("prefix_queries", grown.get("prompt_tokens"))
    if queries and "prefix_hits" in grown:
        return min(1.0, float((grown["prefix_hits"] + grown.get("external_hits", 0.0)) / queries))
    computed = grown.get("computed_tokens")
    if not computed or not run.has_status("ok")[run.rows["sent_ns"] > 0].all():
        return None
    return max(0.0, 1 - float(computed) / prompt_tokens)
