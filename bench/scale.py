"""How exactly a plan is kept when many nodes share it: a simulation of the split with the package's own functions.

`python -m bench.scale` prints, for each number of nodes and error of their clocks: how far a node's part of the plan ever is
from its share, and what the error does to the arrivals. Each node's clock is off by a constant, drawn uniformly from
[-error, error]; nodes send exactly when their clocks say so. Nothing is sent: the figures are arithmetic.

    weights       cores of the nodes: equal, or 4, 8, 16 and 32 in turn
    from share    the largest distance between what a node has sent and its share, at any point of the plan, in requests
    rate in 1 s, in 10 ms   the largest difference between sends and plan in any such window, in % of the window's plan
    gap CV        of all sends together; the plan's is 1 (Poisson) or 0 (constant)
"""

from __future__ import annotations

import math

import click
import numpy as np
from numpy.typing import NDArray

from aisbench.engine.cluster.split import places_of, rounds, tickets_of
from aisbench.workload.arrivals.gap_statistics import gap_statistics
from aisbench.workload.arrivals.gaps import Gaps
from aisbench.workload.arrivals.steady import Steady

_MIXED = (4, 8, 16, 32)
_SEED = 0


def farthest_from_share(weights: list[int]) -> float:
    """In requests, over a whole round of the plan, after which it repeats."""
    own = rounds(weights)
    length, whole = sum(map(len, own)), sum(weights)
    ideal = np.arange(1, length + 1)
    worst = 0.0
    for places, weight in zip(own, weights, strict=True):
        taken = np.searchsorted(places, np.arange(length), side="right")
        worst = max(worst, float(np.abs(taken - ideal * weight / whole).max()))
    return worst


def sends_of(offsets_ns: NDArray[np.int64], weights: list[int], error_ms: float) -> NDArray[np.int64]:
    """When the nodes send what is planned at `offsets_ns`."""
    own = rounds(weights)
    length = sum(map(len, own))
    errors_ns = np.random.default_rng(_SEED).uniform(-error_ms, error_ms, len(weights)) * 1e6
    sent = offsets_ns.copy()
    for places, error_ns in zip(own, errors_ns, strict=True):
        sent[places_of(tickets_of(len(sent), length, places), length, places)] += int(error_ns)
    return np.sort(sent)


def worst_window(sent_ns: NDArray[np.int64], planned_ns: NDArray[np.int64], window_ns: int) -> float:
    """The largest difference of the counts in any window, in % of the mean count; the first and last are left out."""
    edges = np.arange(planned_ns[0] + window_ns, planned_ns[-1] - window_ns, window_ns)
    counts, wanted = (np.diff(np.searchsorted(times, edges)) for times in (sent_ns, planned_ns))
    return float(np.abs(counts - wanted).max() / wanted.mean() * 100)


@click.command(help=__doc__)
@click.option(
    "--rate", default=20_000.0, show_default=True, help="Requests per second of all nodes together."
)
@click.option("--seconds", default=20.0, show_default=True)
def main(rate: float, seconds: float) -> None:
    click.echo("| nodes | weights | from share | clock error | arrivals | rate in 1 s | in 10 ms | gap CV |")
    click.echo("|---|---|---|---|---|---|---|---|")
    for nodes in (3, 100, 1000):
        for name, weights in (
            ("equal", [8] * nodes),
            ("mixed", [_MIXED[node % len(_MIXED)] for node in range(nodes)]),
        ):
            share = farthest_from_share(weights)
            for law, shape in (("Poisson", 1.0), ("constant", math.inf)):
                planned = Steady(rate, Gaps(shape, _SEED)).offsets_ns(int(rate * seconds))
                for error_ms in (0.1, 1.0, 5.0):
                    sent = sends_of(planned, weights, error_ms)
                    found = gap_statistics(sent, shape=shape)
                    assert found is not None
                    click.echo(
                        f"| {nodes} | {name} | {share:.2f} | {error_ms:g} ms | {law} | "
                        f"{worst_window(sent, planned, 1_000_000_000):.2f} % | {worst_window(sent, planned, 10_000_000):.1f} % | "
                        f"{found.cv:.3f} |"
                    )


if __name__ == "__main__":
    main()
