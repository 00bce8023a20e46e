"""Long and big runs against the referee, and what they leave: python -m bench.big [--minutes 10] [STEP ...]

Steps: requests (of one token, 256 in flight), events (1,024 streams of 128 tokens, as fast as the server can),
connections (20,000 requests in flight at once, on two workers) and outputs (see below). They end after --minutes of sending, or earlier at
their size (--events, --connections), and the counts are compared with the referee's own.

While requests are sent, each process's memory and open files are read every second, and the number of requests from
the head of its records. `slope` is that of the least-squares line through the anonymous memory of the second half, for
each million of requests. `peak` is the largest resident size of the coordinator, before the first send and with the report.

outputs: the simulator sends 90 answers of 50 MB, which are kept, in one file of more than 4 GiB; their lengths in
requests.jsonl are compared with what the simulator sent.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aisbench._native.memory.recorder import ROWS_HEADER_FIELDS
from aisbench.simulator.child import LocalServer
from aisbench.simulator.process import start_simulator
from bench.harness import ROOT, check_ended, load_command, referee, table
from bench.soak import children_of, memory_of

EVERY_S = 1.0
STREAMS = 256
WIDE = 1024
TOKENS = 128
# The referee sorts its samples before it answers.
TRUTH_TIMEOUT_S = 600.0
_HEADER = np.dtype(ROWS_HEADER_FIELDS)
HEAD = ["step", "requests", "the server's", "failed", "tokens", "the server's", "at once on the server"]
HEAD += ["sent in", "requests/s", "tokens/s", "verdict"]
MEMORY_HEAD = ["step", "process", "own: after 10 s", "end", "slope", "open files: first", "most", "peak"]


@dataclass
class Watched:
    """Samples of one process: requests so far, bytes of its own memory, open files."""

    requests: list[int] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def row(self) -> list[str]:
        half = len(self.own) // 2
        millions = np.array(self.requests[half:]) / 1e6
        slope = "-"
        if len(np.unique(millions)) > 1:
            slope = f"{np.polyfit(millions, np.array(self.own[half:]) / 1e6, 1)[0]:+.3f} MB"
        begin = self.own[min(10, len(self.own) - 1)]
        shown = [f"{begin / 1e6:.2f} MB", f"{self.own[-1] / 1e6:.2f} MB", slope]
        return [*shown, str(self.files[0]), str(max(self.files))]


@dataclass
class Reached:
    summary: dict[str, Any]
    truth: dict[str, Any]
    watched: dict[str, Watched]
    prepared_gb: float
    peak_gb: float

    def row(self, step: str) -> list[str]:
        summary, truth = self.summary, self.truth
        sent_s = summary["duration"]
        return [
            step,
            f"{summary['completed']:,}",
            f"{truth['done']:,}",
            f"{summary['failed']:,}",
            f"{summary['total_output_tokens']:,}",
            f"{truth['tokens']:,}",
            f"{truth['peak_concurrency']:,}",
            f"{sent_s:.0f} s",
            f"{summary['completed'] / sent_s:,.0f}",
            f"{summary['total_output_tokens'] / sent_s:,.0f}",
            summary["verdict"]["status"],
        ]

    def memory_rows(self, step: str) -> list[list[str]]:
        peaks = {"coordinator": f"{self.prepared_gb:.2f} GB, {self.peak_gb:.2f} GB"}
        return [[step, name, *one.row(), peaks.get(name, "-")] for name, one in self.watched.items()]


def rows_begun(run: Path) -> int:
    """How many requests the workers have begun; 0 before the start."""
    count = 0
    for path in run.glob("records/rows-*.bin"):
        with path.open("rb") as file:
            head = file.read(_HEADER.itemsize)
        if len(head) == _HEADER.itemsize:
            count += int(np.frombuffer(head, _HEADER)[0]["rows"])
    return count


def watch(load: subprocess.Popen[bytes], folder: Path, watched: dict[str, Watched]) -> float:
    """Takes samples while requests are sent; the peak of the coordinator's memory before that, GB."""
    prepared_gb = 0.0
    while load.poll() is None:
        time.sleep(EVERY_S)
        runs = list(folder.iterdir())
        begun = rows_begun(runs[0]) if runs else 0
        if not begun:
            continue
        try:
            if json.loads((runs[0] / "records" / "run.json").read_text())["outcome"] != "running":
                return prepared_gb
            prepared_gb = prepared_gb or peak_gb(load.pid)
            processes = {"coordinator": load.pid}
            processes |= {f"worker {i}": pid for i, pid in enumerate(children_of(load.pid))}
            for name, pid in processes.items():
                own, files = memory_of(pid, folder)["own"], len(os.listdir(f"/proc/{pid}/fd"))
                if not own:
                    # It is ending.
                    continue
                one = watched[name]
                one.requests.append(begun)
                one.own.append(own)
                one.files.append(files)
        except OSError:
            # A process has just ended.
            continue
    return prepared_gb


def peak_gb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e9
    return 0.0


def truth_of(server: LocalServer) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TRUTH_TIMEOUT_S)
    connection.request("GET", "/truth")
    found: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def reached(server: LocalServer, folder: Path, minutes: float, *args: object) -> Reached:
    """Runs aisbench-load for at most `minutes` of sending."""
    options = ("--backend", "openai-chat", "--input-len", 4, "--duration", 60 * minutes)
    quiet = ("--no-server-metrics", "--no-device-metrics")
    command = load_command(server.url, folder, *options, *quiet, *args)
    watched: dict[str, Watched] = defaultdict(Watched)
    folder.mkdir(parents=True)
    with (folder.parent / "output").open("w+") as output:
        load = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            prepared_gb = watch(load, folder, watched)
            _, status, used = os.wait4(load.pid, 0)
            load.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if load.returncode is None:
                load.kill()
                load.wait()
        check_ended(load.returncode, output)
    (run,) = folder.iterdir()
    summary = json.loads((run / "summary.json").read_text())
    return Reached(summary, truth_of(server), watched, prepared_gb, used.ru_maxrss * 1024 / 1e9)


def outputs(folder: Path) -> Reached:
    """A run with --save-outputs whose answers fill one file of more than 4 GiB."""
    size, count = 50_000_000, 90
    faults = ["--fault", "huge-event:1", "--huge-event-bytes", str(size), "--seed", "1"]
    with start_simulator([*faults, "--decode-base-ms", "1"]) as server:
        asked: tuple[object, ...] = (
            "--concurrency",
            2,
            "--num-requests",
            count,
            "--output-len",
            2,
            "--save-outputs",
        )
        asked += ("--max-chunk-size", 2 * size)
        found = reached(server, folder, 10, *asked)
    (run,) = folder.iterdir()
    kept = (run / "records" / "text-0.bin").stat().st_size
    with (run / "requests.jsonl").open("rb") as lines:
        lengths = {len(json.loads(line)["content"]) for line in lines}
    print(
        f"outputs: {kept:,} bytes in text-0.bin; read back: {count} answers of {lengths} characters",
        file=sys.stderr,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--connections", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, help="where the runs go, and stay")
    parser.add_argument("steps", nargs="*", default=["requests", "events", "connections"])
    options = parser.parse_args()
    rows, memory_rows = [HEAD], [MEMORY_HEAD]
    asked: tuple[object, ...]
    for step in options.steps:
        with tempfile.TemporaryDirectory() as name:
            folder = (options.folder or Path(name)) / step
            if step == "requests":
                with referee(ttft_us=0, itl_us=0, tokens=1) as server:
                    found = reached(
                        server, folder, options.minutes, "--concurrency", STREAMS, "--output-len", 1
                    )
            elif step == "events":
                with referee(ttft_us=50_000, itl_us=0, tokens=TOKENS) as server:
                    asked = ("--concurrency", WIDE, "--num-requests", options.events // TOKENS)
                    found = reached(
                        server, folder, options.minutes, *asked, "--output-len", TOKENS, "--workers", 1
                    )
            elif step == "connections":
                # Two servers and two workers, because a process may not have more than 20,000 open files everywhere.
                slow = partial(referee, ttft_us=30_000_000, itl_us=1_000_000, tokens=8)
                with slow() as server, slow() as other:
                    asked = ("--concurrency", options.connections, "--num-requests", 2 * options.connections)
                    asked += ("--output-len", 8, "--workers", 2, "--url", other.url)
                    found = reached(server, folder, options.minutes, *asked)
                    theirs = other.truth()
                    for name in ("done", "tokens", "peak_concurrency"):
                        found.truth[name] += theirs[name]
            elif step == "outputs":
                found = outputs(folder)
            else:
                parser.error(f"unknown step {step}; give requests, events, connections or outputs")
        rows.append(found.row(step))
        memory_rows += found.memory_rows(step)
        print(table([HEAD, rows[-1]]), file=sys.stderr, flush=True)
        for reason in found.summary["verdict"]["reasons"]:
            print(f"  {reason}", file=sys.stderr, flush=True)
    print(table(rows))
    print()
    print(table(memory_rows))


if __name__ == "__main__":
    main()
