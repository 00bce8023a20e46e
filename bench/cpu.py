"""CPU time per streamed event, with start-up cancelled out by two sizes: python -m bench.cpu [options]

The load and the clients are those of `python -m bench.peers`, in turns; here every round is a row. wrk only counts bytes
and shows the minimum cost with epoll. The last column is the ratio to wrk in the same round.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from aisbench.errors import BadInput
from bench.harness import table
from bench.peers.choosing import add_client_options, chosen
from bench.peers.clients import Aisbench
from bench.peers.load import STREAMS, Client, sizes_of
from bench.peers.measuring import Measurement, measured

FLOOR = "wrk"


def in_turns(
    clients: Sequence[Client],
    sizes: Sequence[int],
    rounds: int,
    *,
    streams: int = STREAMS,
    binary: str | None = None,
) -> Iterator[dict[str, Measurement]]:
    """For each round, the measurement of each client by its name; every second round goes backwards."""
    for turn in range(rounds):
        ordered = clients if turn % 2 == 0 else clients[::-1]
        yield {client.name: measured(client, sizes, streams=streams, binary=binary) for client in ordered}


def ratio_to_floor(name: str, found: dict[str, Measurement]) -> float | None:
    """The CPU time per event of a client divided by wrk's; None without either, or if it includes a start."""
    figures = [one.cpu_us for key in (name, FLOOR) if (one := found.get(key)) and not one.with_start_up]
    ours, least = figures if len(figures) == 2 else (None, None)
    return ours / least if ours is not None and least else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--referee", help="another referee that takes the same arguments")
    parser.add_argument("--streams", type=int, default=STREAMS, help="requests in flight")
    parser.add_argument("--sizes", type=int, nargs=2, metavar="REQUESTS")
    parser.add_argument("--readers", nargs="+", metavar="READER", help="run aisbench-load with each of these")
    parser.add_argument("--rounds", type=int, default=2, help="how often to run all clients in turn")
    add_client_options(parser)
    options = parser.parse_args()
    try:
        clients = chosen(options)
    except BadInput as problem:
        parser.error(str(problem))
    if options.readers:
        clients[:1] = [Aisbench(reader) for reader in options.readers]
    sizes = options.sizes or sizes_of(options.streams)
    rounds = in_turns(clients, sizes, options.rounds, streams=options.streams, binary=options.referee)
    rows = [
        ["client", "round", "CPU per event, us", "TTFT mean reported, ms", "truth, ms", "events/s", "to wrk"]
    ]
    for turn, found in enumerate(rounds, 1):
        for name, one in found.items():
            rows.append([name, str(turn), *_cells(one, ratio_to_floor(name, found))])
            print(" ".join(rows[-1]), file=sys.stderr, flush=True)
    print(table(rows))


def _cells(one: Measurement, ratio: float | None) -> list[str]:
    if not one.truth:
        return ["-", "-", "-", "-", one.problem]
    reported = one.reported.ttft_mean
    return [
        f"{one.cpu_us:.2f}",
        "-" if reported is None else f"{reported:.1f}",
        f"{one.truth['ttft']['mean_ms']:.1f}",
        f"{one.events_per_s:,.0f}",
        "-" if ratio is None else f"{ratio:.2f}",
    ]


if __name__ == "__main__":
    main()
