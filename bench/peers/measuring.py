"""One client measured: what it reports, what the referee knows, and its CPU time per event."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from bench.harness import CLIENT_CORE, referee, with_cpu_time
from bench.peers.load import STREAMS, TOKENS, TTFT_US, Client, Load, Reported, itl_us_of

# Of a run, which takes the slowest client a minute.
LIMIT_S = 120.0
# Characters of a failure's message. It may be a whole traceback; its end is its reason.
_LONGEST_PROBLEM = 120


@dataclass(frozen=True)
class Measurement:
    """`truth`: the referee's, with `ttft`, `ttft_wire`, `itl`, `tokens` and `span_s`; empty if no run ended well.

    `cpu_us`: CPU time per event. If `with_start_up`, it includes the start of the client. `problem`: why a run failed.
    """

    reported: Reported = field(default_factory=Reported)
    truth: dict[str, Any] = field(default_factory=dict)
    cpu_us: float | None = None
    with_start_up: bool = False
    problem: str = ""

    @property
    def events_per_s(self) -> float:
        """By the referee's count, from the first request to the last token."""
        return float(self.truth["tokens"] / self.truth["span_s"])


@dataclass(frozen=True)
class _Run:
    cpu_ms: float
    reported: Reported
    truth: dict[str, Any]


def measured(
    client: Client,
    sizes: Sequence[int],
    *,
    streams: int = STREAMS,
    limit_s: float = LIMIT_S,
    binary: str | None = None,
) -> Measurement:
    """Runs a client with each number of requests in `sizes`, smallest first, against a new referee each time.

    The CPU time per event is the difference between the first and the last run, so that the start of the client cancels
    out. If a run fails, or takes longer than `limit_s`, the figures are those of the run before it.
    """
    runs: list[_Run] = []
    problem = ""
    for requests in sizes:
        try:
            runs.append(_run(client, requests, streams, limit_s, binary))
        except (RuntimeError, BadInput, OSError) as failed:
            print(f"{client.name}, {requests} requests: {failed}", file=sys.stderr, flush=True)
            problem = f"{requests} requests: {shortened(str(failed))}"
            break
    if not runs:
        return Measurement(problem=problem)
    last = runs[-1]
    less_ms, fewer = (runs[0].cpu_ms, runs[0].truth["tokens"]) if len(runs) > 1 else (0.0, 0)
    return Measurement(
        reported=last.reported,
        truth=last.truth,
        cpu_us=1000 * (last.cpu_ms - less_ms) / (last.truth["tokens"] - fewer),
        with_start_up=len(runs) == 1,
        problem=problem,
    )


def _run(client: Client, requests: int, streams: int, limit_s: float, binary: str | None) -> _Run:
    with (
        referee(ttft_us=TTFT_US, itl_us=itl_us_of(streams), tokens=TOKENS, binary=binary) as server,
        # A client that was killed may leave what cannot be deleted.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        command = client.command(Load(server.url, requests, streams), Path(folder))
        cpu_ms, _ = with_cpu_time(command, core=CLIENT_CORE, env=client.environment, limit_s=limit_s)
        truth = server.truth()
        if not truth["done"]:
            raise RuntimeError("the server finished no answer")
        return _Run(cpu_ms, client.reported(Path(folder)), truth)


def shortened(message: str) -> str:
    """The end of a message's last line, as long as a cell of a table may be."""
    lines = [" ".join(line.split()) for line in message.splitlines() if line.strip()]
    text = lines[-1] if lines else "no message"
    kept = text if len(text) <= _LONGEST_PROBLEM else f"...{text[-_LONGEST_PROBLEM:]}"
    return kept.replace("|", "/")
