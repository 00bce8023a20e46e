"""`aisbench saturate` on servers of known capacity: python -m bench.saturation [--only NAME] [--keep DIR]

Simulators with different limits run on one core, the search with its defaults on the other. The capacity follows
from the parameters alone (aisbench/simulator/model/capacity.py). Takes about four minutes per server.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from aisbench.simulator.model.capacity import capacity
from aisbench.simulator.model.parameters import Parameters
from aisbench.simulator.process import start_simulator
from bench.harness import CLIENT_CORE, ROOT, SERVER_CORE, table


@dataclass(frozen=True)
class Server:
    """`limited_by`: what limits its capacity. `changed`: parameters that differ from the defaults."""

    limited_by: str
    input_len: int
    output_len: int
    changed: dict[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> Parameters:
        return Parameters(**self.changed)

    @property
    def args(self) -> list[str]:
        known = {one.name for one in fields(Parameters)}
        assert set(self.changed) <= known
        return [
            text
            for name, value in self.changed.items()
            for text in (f"--{name.replace('_', '-')}", str(value))
        ]


SERVERS = (
    Server("256 slots, short prompts", 256, 128),
    Server("256 slots, long prompts", 1024, 128),
    Server("prompt tokens of a step", 1024, 128, {"max_batched_tokens": 1024}),
    Server("KV cache", 512, 64, {"kv_tokens": 20_000, "max_num_seqs": 64}),
    Server("8 slots", 32, 16, {"max_num_seqs": 8, "decode_base_ms": 5.0}),
    Server(
        "16 slots, steps vary by 20 %", 64, 32, {"max_num_seqs": 16, "decode_base_ms": 10.0, "jitter": 0.2}
    ),
)
HEAD = [
    *("limited by", "tokens in / out", "capacity", "found", "interval", "error", "knee", "loads", "runs"),
    *("time", "verdict"),
]


def search(server: Server, folder: Path) -> tuple[dict[str, Any], float]:
    """saturation.json of a search with the defaults, and its duration in seconds."""
    work_dir = Path(tempfile.mkdtemp(dir=folder))
    with start_simulator(server.args) as simulator:
        subprocess.run(
            ["taskset", "-a", "-p", "-c", SERVER_CORE, str(simulator.pid)], check=True, capture_output=True
        )
        command = [
            *("taskset", "-c", CLIENT_CORE, sys.executable, "-m", "aisbench", "saturate"),
            *("--url", simulator.url, "--work-dir", str(work_dir)),
            *("--input-len", str(server.input_len), "--output-len", str(server.output_len)),
        ]
        began = time.monotonic()
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        took_s = time.monotonic() - began
    (path,) = work_dir.glob("*/saturation.json")
    return json.loads(path.read_text()), took_s


def between(ends: list[float | None]) -> str:
    return " to ".join("?" if end is None else f"{end:.4g}" for end in ends)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", help="only servers whose limit begins with this, such as KV")
    parser.add_argument("--keep", type=Path, help="folder to keep the searches in")
    options = parser.parse_args()
    rows = [HEAD]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for server in SERVERS:
            if options.only and not server.limited_by.startswith(options.only):
                continue
            true = capacity(server.parameters, server.input_len, server.output_len).requests_per_s
            found, took_s = search(server, folder)
            rows.append(
                [
                    server.limited_by,
                    f"{server.input_len} / {server.output_len}",
                    f"{true:.2f}",
                    f"{found['max_load']:.2f}",
                    between(found["max_load_interval"]),
                    f"{100 * (found['max_load'] / true - 1):+.1f} %",
                    "none" if found["knee"] is None else f"{found['knee']:.4g}",
                    str(len(found["points"])),
                    str(len(found["steps"])),
                    f"{took_s:.0f} s",
                    found["verdict"]["status"],
                ]
            )
            print(" | ".join(rows[-1]), flush=True)
        print(table(rows))


if __name__ == "__main__":
    main()
