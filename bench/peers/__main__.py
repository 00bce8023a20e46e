"""aisbench-load beside other clients under one load: python -m bench.peers [options]

A closed loop against the referee (TTFT 50 ms, ITL 10 ms, 128 tokens): the server on one core, the client with all its
processes on another, under `perf stat -e task-clock`. In each round every client runs in turn, with two numbers of
requests, so that its start cancels out of the CPU time per event. The times are those that the client reports in the larger
run; the true TTFT and events/s are the server's own. A row has the medians of the rounds, and the least and greatest CPU time.
"""

from __future__ import annotations

import argparse
import sys

from aisbench.errors import BadInput
from bench.harness import found, table
from bench.peers.choosing import add_client_options, chosen
from bench.peers.load import STREAMS, sizes_of
from bench.peers.measuring import LIMIT_S, Measurement, measured
from bench.peers.rows import HEAD, client_row, truth_row


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--streams", type=int, default=STREAMS, help="requests in flight")
    parser.add_argument("--rounds", type=int, default=4, help="how often to run all clients in turn")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs=2,
        metavar="REQUESTS",
        help="of the two runs (default: 5 and 15 for each stream)",
    )
    parser.add_argument(
        "--timeout", type=float, default=LIMIT_S, metavar="SECONDS", help="for each run of a client"
    )
    add_client_options(parser)
    options = parser.parse_args(arguments)
    for name in ("streams", "rounds", "timeout"):
        if not (value := getattr(options, name)) > 0:
            raise BadInput(f"--{name} must be above 0, got {value}")
    options.sizes = options.sizes or sizes_of(options.streams)
    if not options.streams <= options.sizes[0] < options.sizes[1]:
        raise BadInput(
            f"--sizes must be two rising numbers from {options.streams} (--streams) up, got {options.sizes[0]} "
            f"{options.sizes[1]}"
        )
    if not found("perf"):
        raise BadInput("perf is not installed; install it (Debian: apt-get install linux-perf)")
    return options


def main(arguments: list[str] | None = None) -> int:
    try:
        options = parsed(arguments)
        clients = chosen(options)
    except BadInput as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    found_of: dict[str, list[Measurement]] = {client.name: [] for client in clients}
    for turn in range(1, options.rounds + 1):
        for client in clients:
            one = measured(client, options.sizes, streams=options.streams, limit_s=options.timeout)
            found_of[client.name].append(one)
            print(
                f"round {turn}: {' | '.join(client_row(client.name, '', [one]))}", file=sys.stderr, flush=True
            )
    rows = [client_row(client.name, client.version(), found_of[client.name]) for client in clients]
    print(table([HEAD, *rows, truth_row(list(found_of.values()), options.streams)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
