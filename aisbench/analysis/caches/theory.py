"""The theory of a run's prefix cache beside the fact, request by request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aisbench.analysis.caches.found import Blocks, Ints, Spread, spread
from aisbench.analysis.caches.repeats import repeated
from aisbench.analysis.caches.sizes import Sizes
from aisbench.analysis.caches.streams import Streams
from aisbench.analysis.samples import ServerSamples
from aisbench.records.run import Run

# Most caches that are tried where the server does not say how many it has.
_MOST_CACHES = 16
# Differences below this share of the prompt tokens have no cause worth a name.
NOTABLE = 0.01


@dataclass(frozen=True)
class Theory:
    """All arrays have shape (n,): the requests in the order in which they were sent, by `rows` among the run's.

    `tokens`: the prompt tokens; `actual`: those that usage reports as cached, -1 where it does not. `repeats`: what
    repeats the beginning of an earlier prompt and its answer. `endless`: what one endless cache finds of that;
    `by_server`: an endless cache on each server; `lru`: caches of the servers' sizes (None: a size is not known).
    `needed_tokens`: what the endless cache holds in the end.
    """

    run: Run
    streams: Streams
    sizes: Sizes
    blocks: Blocks
    tokens: Ints
    actual: Ints
    repeats: Ints
    endless: Ints
    by_server: Ints
    lru: Ints | None
    needed_tokens: int

    @staticmethod
    def of(run: Run, samples: ServerSamples) -> Theory | None:
        """None if nothing was answered, or the bodies are gone."""
        urls = max(1, len(run.info.get("endpoints") or ()))
        sizes = Sizes.of(run.config, samples, urls)
        streams = Streams.of(run, sizes.block)
        if streams is None:
            return None
        rows = streams.rows
        blocks = Blocks(streams, sizes.block)
        tokens = np.where(
            run.rows["prompt_tokens"][rows] > 0, run.rows["prompt_tokens"][rows], blocks.lengths
        )
        servers = _servers(run, streams, sizes)

        def scaled(hits: Ints) -> Ints:
            return _scaled(hits, streams, tokens)

        endless = scaled(blocks.hits())
        by_server, lru = endless, None
        if urls > 1:
            by_server = scaled(np.sum([blocks.hits(mask) for mask, _ in servers], axis=0))
        if sizes.tokens_from is not None:
            lru = scaled(np.sum([blocks.hits(*server) for server in servers], axis=0))
        repeats = scaled(repeated(streams.prompts, streams.answers, streams.scopes.tolist()))
        actual = run.rows["cached_tokens"][rows].astype(np.int64)
        return Theory(
            run=run,
            streams=streams,
            sizes=sizes,
            blocks=blocks,
            tokens=tokens.astype(np.int64),
            actual=np.where(actual >= 0, np.minimum(actual, tokens), -1),
            repeats=repeats,
            endless=endless,
            by_server=by_server,
            lru=lru,
            needed_tokens=blocks.new_tokens(),
        )

    @property
    def servers(self) -> list[tuple[NDArray[np.bool_], int | None]]:
        """The requests of each server, and the tokens in its caches together."""
        return _servers(self.run, self.streams, self.sizes)

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """The requests that shares are of: those whose usage gave cached tokens, or all if none did."""
        told = self.actual >= 0
        return told if told.any() else np.ones(len(told), np.bool_)

    @property
    def actual_from(self) -> Literal["usage", "metrics"]:
        return "usage" if (self.actual >= 0).any() else "metrics"

    def share(self, hits: Ints | None, mask: NDArray[np.bool_] | None = None) -> float | None:
        """`hits` by all prompt tokens of the counted requests, or of those in `mask` as well; None if there are none."""
        counted = self.counted if mask is None else self.counted & mask
        total = int(self.tokens[counted].sum())
        return None if hits is None or total == 0 else float(hits[counted].sum() / total)

    def spread_near(self, actual: float) -> Spread | None:
        """What is found if the requests are spread at random over the caches that the servers report, or else over the
        number of caches, of those tried, that comes nearest to the share `actual`. None where each server has one."""
        most = {size.caches for size in self.sizes.servers}
        if most == {1}:
            return None
        known = most.pop() if len(most) == 1 else None
        if known is not None:
            return self._spread(known)
        found = {2: self._spread(2)}
        # More caches find less.
        while (caches := max(found)) < _MOST_CACHES and (self.share(found[caches].hits) or 0.0) > actual:
            found[2 * caches] = self._spread(2 * caches)
        if caches > 2:
            found[caches * 3 // 4] = self._spread(caches * 3 // 4)
        return min(found.values(), key=lambda one: abs((self.share(one.hits) or 0.0) - actual))

    def _spread(self, caches: int) -> Spread:
        # Where no number is reported, the size is that of one cache, and there are several of these.
        servers: Sequence[tuple[NDArray[np.bool_], int | None]] = self.servers
        if any(size.caches is None for size in self.sizes.servers):
            servers = [(mask, None if tokens is None else tokens * caches) for mask, tokens in servers]
        found = spread(self.blocks, servers, caches)
        return Spread(caches, _scaled(found.hits, self.streams, self.tokens))


def _servers(run: Run, streams: Streams, sizes: Sizes) -> list[tuple[NDArray[np.bool_], int | None]]:
    endpoint = run.rows["endpoint"][streams.rows]
    return [(endpoint == url, size.tokens) for url, size in enumerate(sizes.servers)]


def _scaled(hits: Ints, streams: Streams, tokens: Ints) -> Ints:
    """Hits of our tokens as the server counts them, and not more than its prompt `tokens`."""
    return np.minimum(np.rint(hits * streams.scale).astype(np.int64), tokens)
