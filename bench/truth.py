"""Reported figures compared with the referee's: python -m bench.truth [--referee BINARY] [CASE ...]

Cases: closed (256 streams), wide (1,024 streams as fast as the server can), stalled (the client's loop
stopped for 5 ms every 20 ms), starved (two busy loops of higher priority on the client's core; needs
root for nice -10), open (Poisson, 500 requests/s), limit (64 in flight with 2 and with 4 workers).
"""

from __future__ import annotations

import argparse
import contextlib
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aisbench.simulator.referee import RefereeProcess
from bench.harness import CLIENT_CORE, Load, aisbench_load, referee, table

CHAT = ("--backend", "openai-chat", "--input-len", 4)
# The referee's times in most cases.
STEADY: dict[str, Any] = {"ttft_us": 50_000, "itl_us": 10_000, "tokens": 128}
HEAD = ["case", "TTFT mean: truth", "on the wire", "ours", "bounds", "user stamps"]
HEAD += ["TTFT p99: truth", "on the wire", "ours"]
HEAD += ["ITL mean: truth", "ours", "tokens: truth", "ours", "events/s", "verdict"]


def compared(case: str, truth: dict[str, Any], load: Load) -> list[str]:
    """One row: the referee's figures beside the reported ones."""
    summary = load.summary
    # Another referee may only know when it read a request, not when it arrived.
    wire = truth.get("ttft_wire", {"mean_ms": math.nan, "p99_ms": math.nan})
    low, high = summary["client"]["ttft_bounds_ms"]
    return [
        case,
        f"{truth['ttft']['mean_ms']:.2f}",
        f"{wire['mean_ms']:.2f}",
        f"{summary['mean_ttft_ms']:.2f}",
        f"{low:.2f} to {high:.2f}",
        f"{summary['client']['ttft_user_ms']['mean']:.2f}",
        f"{truth['ttft']['p99_ms']:.2f}",
        f"{wire['p99_ms']:.2f}",
        f"{summary['p99_ttft_ms']:.2f}",
        f"{truth['itl']['mean_ms']:.4f}",
        f"{summary['mean_itl_ms']:.4f}",
        str(truth["tokens"]),
        str(summary["total_output_tokens"]),
        f"{truth['tokens'] / truth['span_s']:,.0f}",
        summary["verdict"]["status"],
    ]


def errors(truth: dict[str, Any], summary: dict[str, Any]) -> dict[str, float]:
    """Reported minus true, in ms; TTFT from the arrival of a request at the server's host."""
    return {
        "ttft_mean": summary["mean_ttft_ms"] - truth["ttft_wire"]["mean_ms"],
        "ttft_p99": summary["p99_ttft_ms"] - truth["ttft_wire"]["p99_ms"],
        "itl_mean": summary["mean_itl_ms"] - truth["itl"]["mean_ms"],
        "itl_p99": summary["p99_itl_ms"] - truth["itl"]["p99_ms"],
    }


def closed_loop(requests: int) -> tuple[object, ...]:
    """The options of the case `closed`."""
    return ("--concurrency", 256, "--num-requests", requests, "--output-len", 128)


def loaded(
    folder: Path, server: RefereeProcess, *args: object, env: dict[str, str] | None = None
) -> tuple[dict[str, Any], Load]:
    """The referee's figures of a run, and the run."""
    server.reset()
    load = aisbench_load(folder, server.url, *CHAT, *args, env=env)
    return server.truth(), load


def one(
    case: str, folder: Path, server: RefereeProcess, *args: object, env: dict[str, str] | None = None
) -> list[str]:
    truth, load = loaded(folder, server, *args, env=env)
    row = compared(case, truth, load)
    client, arrivals = load.summary["client"], load.summary["arrivals"]
    print(
        f"{case}: CPU {load.cpu_ms:.0f} ms in all, {client['events_per_read']:.3f} events per read",
        file=sys.stderr,
    )
    if arrivals["asked_rate"] not in (None, "inf"):
        lag = client["schedule_lag_ms"]
        print(
            f"  rate asked {arrivals['asked_rate']}, reached {arrivals['achieved_rate']:.2f}; CV of sent gaps "
            f"{arrivals['gap_cv']:.3f}; schedule lag p50 {lag['p50']:.3f}, p99 {lag['p99']:.3f} ms",
            file=sys.stderr,
        )
    for reason in load.summary["verdict"]["reasons"]:
        print(f"  {reason}", file=sys.stderr)
    return row


@contextlib.contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Processes of higher priority that keep the client's core busy."""
    command = ["nice", "-n", "-10", "taskset", "-c", CLIENT_CORE, sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--referee", help="another referee that takes the same arguments")
    parser.add_argument("--requests", type=int, default=2560)
    parser.add_argument("cases", nargs="*", default=["closed", "wide", "stalled", "starved", "open", "limit"])
    options = parser.parse_args()
    closed = closed_loop(options.requests)
    rows = [HEAD]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        args: tuple[object, ...]
        steady = {**STEADY, "binary": options.referee}
        for case in options.cases:
            if case in ("closed", "stalled", "starved"):
                with referee(**steady) as server:
                    if case == "closed":
                        rows.append(one(case, folder, server, *closed))
                    elif case == "stalled":
                        env = {"AISBENCH_WORKER_HOOK": "bench.stall:install"}
                        rows.append(one(case, folder, server, *closed, env=env))
                    else:
                        with busy_loops(2):
                            rows.append(one(case, folder, server, *closed))
            elif case == "wide":
                args = ("--concurrency", 1024, "--num-requests", 10240, "--output-len", 128)
                for name, itl_us in ((case, 0), ("wide, 10 ms ITL", 10_000)):
                    with referee(ttft_us=50_000, itl_us=itl_us, tokens=128, binary=options.referee) as server:
                        rows.append(one(name, folder, server, *args))
            elif case == "open":
                with referee(**steady) as server:
                    args = ("--rate", 500, "--num-requests", 5000, "--output-len", 16)
                    rows.append(one(case, folder, server, *args))
            elif case == "limit":
                for workers in (2, 4):
                    with referee(**steady) as server:
                        args = ("--concurrency", 64, "--num-requests", 1280, "--output-len", 16)
                        args += ("--workers", workers)
                        rows.append(one(f"limit 64, {workers} workers", folder, server, *args))
                        print(
                            f"  limit 64, {workers} workers: peak on the server {server.truth()['peak_concurrency']}"
                        )
            else:
                parser.error(f"unknown case {case}")
    print(table(rows))


if __name__ == "__main__":
    main()
