"""Sent against planned times for every traffic shape: python -m bench.shapes [--seconds 20] [--keep DIR]

The referee (TTFT 20 ms, 8 tokens 5 ms apart) on one core and aisbench-load on the other, about 200 requests/s
on average. Each row is one run: the number of requests, and how long after its planned time each was sent.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from aisbench.records.run import Run
from bench.harness import aisbench_load, referee, table


def shapes(folder: Path, seconds: float) -> dict[str, list[object]]:
    """Options of each shape, for about `seconds`."""
    series = folder / "rates.csv"
    series.write_text(f"time_s,rate\n0,50\n{seconds / 2},400\n{seconds},100\n")
    third = seconds / 3
    return {
        "constant": ["--rate", 200, "--arrival", "constant"],
        "poisson": ["--rate", 200],
        "gamma, burstiness 0.5": ["--rate", 200, "--burstiness", 0.5],
        "linear ramp": ["--ramp-up", "linear", "--ramp-from", 50, "--ramp-to", 400],
        "exponential ramp": ["--ramp-up", "exponential", "--ramp-from", 50, "--ramp-to", 400],
        "steps": ["--rate-steps", f"100x{third}s,300x{third}s,200x{third}s"],
        "series": ["--rate-series", series],
        "sine": ["--rate-sine", f"200,150,{seconds / 4}s"],
        "burst": ["--burst", f"{int(25 * seconds)}x{seconds / 8}s"],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--keep", type=Path, help="folder to keep the runs in")
    options = parser.parse_args()
    rows = [["shape", "requests", "sent late: p50", "p99", "largest", "sent early", "verdict"]]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with referee(ttft_us=20_000, itl_us=5_000, tokens=8) as server:
            for name, args in shapes(folder, options.seconds).items():
                load = aisbench_load(
                    folder, server.url, "--backend", "openai-chat", "--duration", options.seconds,
                    "--input-len", 32, "--output-len", 8, "--no-server-metrics", "--no-device-metrics",
                    "--label", name, *args,
                )  # fmt: skip
                sent = Run.load(load.folder).rows
                late_ms = (sent["sent_ns"] - sent["planned_ns"])[sent["sent_ns"] > 0] / 1e6
                p50, p99 = np.percentile(late_ms, (50, 99))
                rows.append(
                    [
                        name,
                        f"{len(late_ms):,}",
                        f"{p50:.3f} ms",
                        f"{p99:.3f} ms",
                        f"{late_ms.max():.2f} ms",
                        str(int((late_ms < 0).sum())),
                        load.summary["verdict"]["status"],
                    ]
                )
                print(" ".join(rows[-1]), flush=True)
        print(table(rows))


if __name__ == "__main__":
    main()
