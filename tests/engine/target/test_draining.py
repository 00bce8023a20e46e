"""After a cut the server tells when it has let go, or nobody waits for it for ever."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from aisbench.config.run_config import RunConfig
from aisbench.engine.samplers.server_metrics import Page
from aisbench.engine.target.draining import wait_until_idle
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from tests.native.servers import serving

PLAIN = Transport.of(RunConfig())


@contextlib.contextmanager
def telling(bodies: Sequence[str]) -> Iterator[tuple[list[Page], list[int]]]:
    """A metrics page that says one thing after the other, the last one again and again; and how often it was read."""
    reads: list[int] = []

    def handle(client: socket.socket, _: int) -> None:
        while client.recv(65536):
            body = bodies[min(len(reads), len(bodies) - 1)].encode()
            reads.append(len(body))
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with serving(handle) as (host, port):
        target = resolve(f"http://{host}:{port}", PLAIN)
        yield [Page(f"{target.root_url}/metrics", {})], reads


def held(running: int, waiting: int) -> str:
    return f"vllm:num_requests_running {running}\nvllm:num_requests_waiting {waiting}\n"


def test_it_ends_when_nothing_runs_or_waits() -> None:
    with telling([held(4, 90), held(4, 90), held(4, 0), held(0, 3), held(0, 0)]) as (pages, reads):
        assert wait_until_idle(pages, PLAIN, least_s=0, most_s=60) == 0
        assert len(reads) == 5


def test_it_does_not_wait_for_ever() -> None:
    with telling([held(2, 1)]) as (pages, _):
        assert wait_until_idle(pages, PLAIN, least_s=0, most_s=0.3) == 3


def event_loops() -> int:
    """The event loops that this process has, by the epoll descriptors that they wait with."""
    fds = Path("/proc/self/fd").iterdir()
    return sum(fd.is_symlink() and os.readlink(fd) == "anon_inode:[eventpoll]" for fd in fds)


def test_it_leaves_no_event_loop_behind() -> None:
    """A search waits like this after every load that it cuts."""
    before = event_loops()
    assert wait_until_idle([], PLAIN, least_s=0, most_s=60) is None
    assert event_loops() == before


def test_a_server_that_tells_nothing_is_not_waited_for() -> None:
    with telling(["other_metric 5\n"]) as (pages, reads):
        assert wait_until_idle(pages, PLAIN, least_s=0, most_s=60) is None
        assert len(reads) == 1
    assert wait_until_idle([], PLAIN, least_s=0, most_s=60) is None
