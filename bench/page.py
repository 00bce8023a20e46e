"""The report of a large run: python -m bench.page [--requests 1000000] [--times 1] [--run DIR] [--no-browser]

Loads the referee with that many requests of 8 tokens (5,000 per second), or takes the run in DIR, and repeats its rows
so that there are --times as many. Measures the time, CPU time and peak memory of `aisbench report`, the size of
report.html, and, three times, how long headless Chromium takes from opening it until all charts are drawn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.browser import browser
from bench.harness import aisbench_load, referee, table
from bench.repeating import repeated

RATE = 5000
NAME = "report.html"


def loaded(folder: Path, requests: int) -> Path:
    with referee(ttft_us=20_000, itl_us=1_000, tokens=8) as server:
        return aisbench_load(
            folder, server.url, "--backend", "openai-chat", "--rate", RATE, "--num-requests", requests,
            "--input-len", 8, "--output-len", 8, "--no-server-metrics", "--no-device-metrics",
        ).folder  # fmt: skip


def reported(run: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak memory in GB of `aisbench report`."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "aisbench", "report", str(run)], stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"aisbench report ended with {status}")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9


def opened(page: Path) -> float:
    """Seconds until the page's charts are drawn, in a newly started browser."""
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as window:
        window.resize(1280, 900)
        window.driver.get("about:blank")
        begun = time.monotonic()
        window.open(page)
        return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--run", type=Path, help="the folder of an existing run, instead of making one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = options.run or loaded(Path(folder), options.requests)
        if options.times > 1:
            run = repeated(run, Path(folder) / "repeated", options.times)
        seconds, cpu_s, memory = reported(run)
        page = run / NAME
        times = "-" if options.no_browser else ", ".join(f"{opened(page):.1f} s" for _ in range(3))
        rows = [
            ["time of `aisbench report`", "of its CPU", "its memory", "size of report.html", "opens in"],
            [
                f"{seconds:.1f} s",
                f"{cpu_s:.1f} s",
                f"{memory:.2f} GB at most",
                f"{page.stat().st_size / 1e6:.1f} MB",
                times,
            ],
        ]
        print(table(rows))


if __name__ == "__main__":
    main()
