"""The picture of docs/caches.md: python -m bench.caches [--output docs/images]

Loads two simulated caches behind a router that knows nothing of them, with the commands of that document, and takes a
picture of the report's panel.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from aisbench.simulator.process import start_simulator
from bench.browser import pictures

SERVER = ("--prefix-cache-tokens", "16000", "--replicas", "2", "--router", "random")
LOAD = (
    *("--dataset", "prefix_repetition", "--num-prefixes", "40", "--prefix-len", "512", "--suffix-len", "128"),
    *("--output-len", "32", "--num-requests", "800", "--rate", "40", "--seed", "1", "--no-progress"),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with start_simulator(list(SERVER)) as server:
            command = [sys.executable, "-m", "aisbench", "load", "--url", server.url, *LOAD]
            subprocess.run([*command, "--work-dir", f"{folder}/out"], check=True)
        (run,) = (Path(folder) / "out").iterdir()
        pictures(run / "report.html", {"cache": options.output / "caches.png"})


if __name__ == "__main__":
    main()
