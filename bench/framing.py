"""CPU cost of HTTP framing per event, in httptools (llhttp) and in the core: python -m bench.framing

There is one streamed event per read, as on a socket. httptools calls a Python function for each piece of a body and
makes an object of it, while the core returns a pointer. The core is timed through its test interface, which also makes
an object per read, so its figure is an upper bound.
"""

from __future__ import annotations

import statistics
import time

import httptools

from aisbench._native.protocol.http import frame
from bench.harness import table

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = (
    b'data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":'
)
EVENT += b'[{"index":0,"delta":{"content":" tok42"},"logprobs":null,"finish_reason":null}]}\n\n'
READ = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
EVENTS = 20_000


class Body:
    def __init__(self) -> None:
        self.bytes = 0

    def on_body(self, body: bytes) -> None:
        self.bytes += len(body)


def with_httptools(reads: list[bytes]) -> int:
    body = Body()
    parser = httptools.HttpResponseParser(body)
    for read in reads:
        parser.feed_data(read)
    return body.bytes


def with_the_core(reads: list[bytes]) -> int:
    return len(frame(reads, False)[1])


def main() -> None:
    reads = [HEAD, *[READ] * EVENTS, b"0\r\n\r\n"]
    rows = [["framing", "us per event: median", "least"]]
    for name, function in (("httptools", with_httptools), ("the core's", with_the_core)):
        assert function(reads) == EVENTS * len(EVENT)
        costs = []
        for _ in range(15):
            before = time.process_time_ns()
            function(reads)
            costs.append((time.process_time_ns() - before) / EVENTS / 1000)
        rows.append([name, f"{statistics.median(costs):.3f}", f"{min(costs):.3f}"])
    print(table(rows))


if __name__ == "__main__":
    main()
