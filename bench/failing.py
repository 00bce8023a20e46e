"""Reported figures while 10 % of the requests fail, against the referee's: python -m bench.failing [WAY ...]

The referee makes every tenth request fail in one way and keeps the figures of the others. For `refused`, every tenth
request goes to a port where nobody listens any more. Each run sends 200 requests/s (Poisson) of 32 tokens, with 50 ms to
the first one and 10 ms between them. Times are in ms: ours, and in brackets the referee's, from the kernel's receive
stamp of the request.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from bench.harness import Load, aisbench_load, referee, table

WAYS = (
    "good",
    "refused",
    "reset",
    "http-500",
    "http-429",
    "cut",
    "stall",
    "malformed",
    "error-event",
    "cut-chunk",
)
ONE_IN = 10
TOKENS = 32
FIGURES = ("mean", "p50", "p90", "p99")
# The name of each metric in summary.json, and in the referee's truth.
METRICS = {"ttft_ms": "ttft_wire", "itl_ms": "itl", "tpot_ms": "tpot", "e2el_ms": "e2e_wire"}
HEAD = ["way", "good: ours", "the server's", "failed: ours", "the server's", "as"]
HEAD += [f"{name.removesuffix('_ms').upper()} {', '.join(FIGURES)}" for name in METRICS]
HEAD += ["verdict"]


class _Models(BaseHTTPRequestHandler):
    """Answers the question for the models, and then leaves."""

    def do_GET(self) -> None:
        body = b'{"object":"list","data":[{"id":"referee","object":"model"}]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def deserted() -> Iterator[str]:
    """The URL of a server that answers one request and then listens no more."""
    server = HTTPServer(("127.0.0.1", 0), _Models)

    def once() -> None:
        server.handle_request()
        server.server_close()

    thread = threading.Thread(target=once, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.server_close()


def row(way: str, truth: dict[str, Any], load: Load) -> list[str]:
    summary = load.summary
    failed = truth["failed"]
    if way == "refused":
        # Nobody counts them but the client: those that did not reach the referee.
        failed = summary["requests"]["planned"] - truth["requests"]
    cells = []
    for ours, theirs in METRICS.items():
        reported, true = summary["metrics"][ours], truth[theirs]
        said = ", ".join(f"{reported[name]:.2f}" for name in FIGURES)
        held = ", ".join(f"{true[name + '_ms']:.2f}" for name in FIGURES)
        cells.append(f"{said} ({held})")
    kinds = ", ".join(f"{kind} {count}" for kind, count in summary["errors"].items())
    counts = [summary["completed"], truth["done"], summary["failed"], failed]
    return [way, *map(str, counts), kinds or "-", *cells, summary["verdict"]["status"]]


def one(way: str, folder: Path, seconds: int) -> list[str]:
    args = ["--backend", "openai-chat", "--input-len", 4, "--output-len", TOKENS, "--rate", 200]
    args += ["--num-requests", 200 * seconds, "--timeout", 2, "--save-token-times"]
    args += ["--no-server-metrics", "--no-device-metrics"]
    with referee(ttft_us=50_000, itl_us=10_000, tokens=TOKENS) as server:
        if way == "refused":
            with deserted() as gone:
                urls = [server.url] * (ONE_IN - 2) + [gone]
                load = aisbench_load(folder, server.url, *(w for url in urls for w in ("--url", url)), *args)
        else:
            server.fail(way, ONE_IN)
            load = aisbench_load(folder, server.url, *args)
        found = row(way, server.truth(), load)
    for reason in load.summary["verdict"]["reasons"]:
        print(f"  {way}: {reason}", file=sys.stderr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("ways", nargs="*", default=list(WAYS))
    options = parser.parse_args()
    rows = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        for way in options.ways:
            rows.append(one(way, Path(folder), options.seconds))
            print(table([HEAD, rows[-1]]).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
