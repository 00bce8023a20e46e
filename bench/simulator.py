"""The load that the simulator can serve on one core: events per second, CPU per event, lateness of its steps.

    python -m bench.simulator [--streams 256] [--tokens 128] [--step-ms 10] [--seconds 5]

A closed loop of `--streams` chat streams against a simulator whose steps take `--step-ms`, so it has to send
streams / step events per second; with `--step-ms 0` it sends as fast as it can. The server is pinned to the
first CPU that this process may use, the client to the second. An event is one token.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Callable

from aisbench.simulator.process import SimulatorProcess, start_simulator

END_OF_RESPONSE = b"\r\n0\r\n\r\n"
READ_BYTES = 1 << 16
SETTLE_S = 1.0


class Client:
    """Keeps `streams` requests in flight and discards the answers; cheap, so that the server is the limit."""

    def __init__(self, port: int, streams: int, tokens: int, prompt_tokens: int) -> None:
        body = json.dumps(
            {
                "messages": [{"role": "user", "content": "word " * prompt_tokens}],
                "max_tokens": tokens,
                "ignore_eos": True,
                "stream": True,
                "stream_options": {"include_usage": True},
            }
        ).encode()
        self.request = (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % len(body)
        ) + body
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        for _ in range(streams):
            connection = socket.create_connection(("127.0.0.1", port))
            self.sockets[connection.fileno()] = connection
            self.poll.register(connection, select.EPOLLIN)
            connection.sendall(self.request)

    def run(self, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            for fd, _ in self.poll.poll(0.1):
                data = os.read(fd, READ_BYTES)
                if not data:
                    raise ConnectionError("the simulator closed a connection")
                # The end comes in the same write as the last token, so only a full buffer can split it.
                if data.endswith(END_OF_RESPONSE):
                    os.write(fd, self.request)

    def close(self) -> None:
        for connection in self.sockets.values():
            connection.close()
        self.poll.close()


def measured_cpu(pid: int, run: Callable[[Callable[[], bool]], None], seconds: float) -> tuple[float, str]:
    """CPU seconds of `pid` while `run` runs for `seconds`, and how they were measured."""
    if shutil.which("perf"):
        command = ["perf", "stat", "-x", ",", "-e", "task-clock", "-p", str(pid), "sleep", str(seconds)]
        perf = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        run(lambda: perf.poll() is None)
        said = perf.stderr.read() if perf.stderr else ""
        with contextlib.suppress(ValueError):
            return float(said.split(",")[0]) / 1e3, "perf stat -e task-clock"
        raise SystemExit(f"perf stat failed: {said.strip()}")
    end_s = time.monotonic() + seconds
    before = cpu_seconds(pid)
    run(lambda: time.monotonic() < end_s)
    return cpu_seconds(pid) - before, "/proc/PID/stat"


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(simulator: SimulatorProcess, client: Client, seconds: float) -> dict[str, float | str]:
    settled_s = time.monotonic() + SETTLE_S
    client.run(lambda: time.monotonic() < settled_s)
    simulator.reset()
    began_s = time.monotonic()
    cpu_s, how = measured_cpu(simulator.pid, client.run, seconds)
    truth = simulator.truth()
    rate = truth["tokens"] / (time.monotonic() - began_s)
    return {
        "events_per_s": round(rate),
        "cpu_us_per_event": round(cpu_s / seconds / rate * 1e6, 2),
        "cpu_share": round(cpu_s / seconds, 3),
        "late_p99_ms": round(truth["late"]["p99_ms"], 2),
        "given_up_ms": round(truth["given_up_ms"], 1),
        "itl_mean_ms": round(truth["itl"]["mean_ms"], 3),
        "measured_with": how,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--streams", type=int, default=256)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--prompt-tokens", type=int, default=64)
    parser.add_argument("--step-ms", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    cpus = sorted(os.sched_getaffinity(0))
    flags = ["--decode-base-ms", asked.step_ms, "--decode-per-seq-us", 0, "--prefill-us-per-token", 0]
    flags += ["--max-num-seqs", asked.streams, "--max-batched-tokens", 1_000_000, "--kv-tokens", 100_000_000]
    with start_simulator([str(flag) for flag in flags]) as simulator:
        os.sched_setaffinity(simulator.pid, cpus[:1])
        os.sched_setaffinity(0, cpus[1:2] or cpus)
        client = Client(simulator.port, asked.streams, asked.tokens, asked.prompt_tokens)
        figures = measure(simulator, client, asked.seconds)
        client.close()
    offered = asked.streams / asked.step_ms * 1e3 if asked.step_ms else None
    print(json.dumps({"streams": asked.streams, "offered_events_per_s": offered, **figures}, indent=1))


if __name__ == "__main__":
    main()
