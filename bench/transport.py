"""CPU cost of TLS, a unix socket and fresh connections, and their effect on times: python -m bench.transport

The built-in simulator runs on one core and the client on another, with 64 streams and tokens every 10 ms. The truth
is measured by the simulator, from when its loop reads a request to when it writes a token to its socket (with TLS, to
its event loop). The time that a request lies unread in the server is therefore in TTFT, but not in the truth.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from aisbench.simulator.process import start_simulator
from bench.harness import SERVER_CORE, aisbench_load, table

STEPS = ["--decode-base-ms", "10", "--decode-per-seq-us", "0", "--prefill-us-per-token", "0"]
CERTIFICATE = Path(__file__).parent.parent / "tests/tls"
STREAMS, TOKENS = 64, 100


def measured(name: str, folder: Path, sizes: list[int]) -> list[str]:
    """One row: the means of the larger run, and CPU per event from the difference between the two."""
    socket = str(folder / "socket")
    uds = socket if name == "unix socket" else None
    certificate = (str(CERTIFICATE / "localhost.crt"), str(CERTIFICATE / "localhost.key"))
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(SERVER_CORE)})
    with start_simulator(STEPS, uds=uds, tls=certificate if name == "https" else None) as server:
        os.sched_setaffinity(0, before)
        how = {
            "https": ["--cacert", certificate[0]],
            "unix socket": ["--uds", socket],
            "fresh connections": ["--connections", "fresh"],
        }.get(name, [])
        cpu = []
        for requests in sizes:
            server.reset()
            load = aisbench_load(
                folder,
                "http://localhost" if uds else server.url,
                *("--backend", "openai-chat", "--model", "simulated-8b", "--concurrency", STREAMS),
                *("--num-requests", requests, "--input-len", 8, "--output-len", TOKENS, *how),
            )
            cpu.append(load.cpu_ms)
        truth, summary = server.truth(), load.summary
    events = (sizes[1] - sizes[0]) * TOKENS
    ttft, itl = summary["metrics"]["ttft_ms"], summary["metrics"]["itl_ms"]
    return [
        name,
        summary["clock"],
        f"{ttft['mean']:.2f} / {ttft['p99']:.2f}",
        f"{truth['ttft']['mean_ms']:.2f} / {truth['ttft']['p99_ms']:.2f}",
        f"{itl['mean']:.3f}",
        f"{truth['itl']['mean_ms']:.3f}",
        f"{1000 * (cpu[1] - cpu[0]) / events:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs=2, default=[320, 1600], metavar="REQUESTS")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    rows = [["transport", "clock", "TTFT mean / p99", "truth", "ITL mean", "truth", "CPU per event, us"]]
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name in ("http", "https", "unix socket", "fresh connections"):
                rows.append(measured(name, Path(folder), options.sizes))
                print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
