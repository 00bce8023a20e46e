"""Memory over a long run, which should stay flat: python -m bench.soak [--minutes 10] [-- LOAD OPTIONS]

The referee sends 20,000 content events/s on 256 streams, with server and client on a core each. From the start to the
end of sending, the memory of the coordinator and of each worker is read from /proc/PID/smaps every two seconds.
`own` is anonymous memory, `records` the resident part of the run folder's mapped files, and `PSS` all memory, with
shared pages divided among their users. The slope is that of the least-squares line through the samples after the
first minute. The live page is open, and its /metrics is read at each sample.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.simulator.referee import RefereeProcess
from bench.harness import CLIENT_CORE, ROOT, check_ended, load_command, referee, table

STREAMS = 256
TOKENS = 128
# 128 tokens in 50 + 127 * 12.5 ms, on 256 streams: 20,000 tokens/s.
TTFT_US, ITL_US = 50_000, 12_500
EVERY_S = 2.0
# Connections, buffers and caches reach their size in the first minute (or half of a shorter run).
SETTLING_S = 60.0
KINDS = ("own", "records", "PSS")
MB = 1e6


@dataclass
class Memory:
    """Bytes of each of KINDS by process, over time."""

    at_s: list[float] = field(default_factory=list)
    bytes: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))

    def sample(self, at_s: float, processes: dict[str, int], folder: Path) -> None:
        try:
            read = {name: memory_of(pid, folder) for name, pid in processes.items()}
        except OSError:
            # A process has just ended: the run is over.
            return
        self.at_s.append(at_s)
        for name, found in read.items():
            for kind in KINDS:
                self.bytes[name, kind].append(found[kind])

    def rows(self) -> list[list[str]]:
        at = np.array(self.at_s)
        settled = at >= min(SETTLING_S, at[-1] / 2)
        rows = [["process", "memory", "start", "half-way", "end", "max", "slope after the first minute"]]
        for (name, kind), values in self.bytes.items():
            y = np.array(values) / MB
            slope = np.polyfit(at[settled], y[settled], 1)[0] * 3600
            first, half = y[settled][0], y[settled][settled.sum() // 2]
            shown = [f"{value:.2f} MB" for value in (first, half, y[-1], y[settled].max())]
            rows.append([name, kind, *shown, f"{slope:+.2f} MB/h"])
        return rows


def memory_of(pid: int, folder: Path) -> dict[str, int]:
    """Resident bytes of a process by KINDS; raises OSError if it has ended."""
    found = dict.fromkeys(KINDS, 0)
    mine = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, _, rest = line.partition(" ")
        if not name.endswith(":"):
            mine = str(folder) in rest
        elif name == "Pss:":
            found["PSS"] += 1024 * int(rest.split()[0])
        elif name == "Anonymous:":
            found["own"] += 1024 * int(rest.split()[0])
        elif name == "Rss:" and mine:
            found["records"] += 1024 * int(rest.split()[0])
    return found


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def soak(
    server: RefereeProcess, minutes: float, folder: Path, more: list[str]
) -> tuple[Memory, dict[str, Any]]:
    """The samples, and the run's summary."""
    lengths = ("--backend", "openai-chat", "--input-len", 4, "--output-len", TOKENS)
    options = (*lengths, "--concurrency", STREAMS, "--duration", 60 * minutes, "--live-port", 0)
    command = ["taskset", "-c", CLIENT_CORE, *load_command(server.url, folder, *options)]
    memory = Memory()
    with (folder.parent / "output").open("w+") as output:
        load = subprocess.Popen([*command, *more], stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            watch(load, folder, Path(output.name), memory)
            load.wait()
        finally:
            load.kill()
            load.wait()
        check_ended(load.returncode, output)
    (run,) = folder.iterdir()
    return memory, json.loads((run / "summary.json").read_text())


def watch(load: subprocess.Popen[bytes], folder: Path, output: Path, memory: Memory) -> None:
    """Takes samples from the start to the end of sending."""
    processes: dict[str, int] = {}
    url = ""
    while load.poll() is None:
        time.sleep(EVERY_S)
        facts = [json.loads(path.read_text()) for path in folder.glob("*/records/run.json")]
        if not facts or not facts[0]["start_ns"]:
            continue
        at_s = (time.monotonic_ns() - facts[0]["start_ns"]) / 1e9
        if facts[0]["outcome"] != "running" or at_s > facts[0]["config"]["duration_s"]:
            return
        if not processes:
            processes = {"coordinator": load.pid}
            processes |= {f"worker {i}": pid for i, pid in enumerate(children_of(load.pid))}
            (url,) = re.findall(r"live: (\S+)", output.read_text())
            threading.Thread(target=read_to_its_end, args=(f"{url}/events",), daemon=True).start()
        read_to_its_end(f"{url}/metrics")
        memory.sample(at_s, processes, folder)


def read_to_its_end(url: str) -> None:
    with contextlib.suppress(OSError), urllib.request.urlopen(url) as answer:
        while answer.read(65536):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("more", nargs="*", help="options for aisbench-load")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        referee(ttft_us=TTFT_US, itl_us=ITL_US, tokens=TOKENS) as server,
    ):
        folder = Path(name) / "runs"
        folder.mkdir()
        memory, summary = soak(server, options.minutes, folder, options.more)
        truth = server.truth()
    print(table(memory.rows()))
    whole = (summary["slices"] or {"slices": []})["slices"][1:-1]
    for name in ("request_throughput", "output_throughput", "mean_ttft_ms", "p99_ttft_ms", "p99_tpot_ms"):
        values = [part[name] for part in whole]
        if values:
            print(f"{name} of {len(values)} slices: {min(values):.2f} to {max(values):.2f}")
    print(
        f"\n{summary['completed']:,} requests, {summary['total_output_tokens']:,} tokens "
        f"({truth['tokens']:,} by the referee), {truth['tokens'] / truth['span_s']:,.0f} events/s; "
        f"TTFT {summary['mean_ttft_ms']:.2f} ms (truth {truth['ttft_wire']['mean_ms']:.2f}); "
        f"verdict {summary['verdict']['status']} {summary['verdict']['reasons']}"
    )


if __name__ == "__main__":
    main()
