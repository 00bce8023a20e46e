"""The referee, a server in a child process whose own measurements are compared with a client's report.

    python -m aisbench.simulator.referee PORT TTFT_US ITL_US TOKENS

Unlike the simulator, it has no queue and no batch. It sends the first token TTFT_US after the request and the
others ITL_US apart, TOKENS in all unless the request sets another limit. With PORT 0 it takes a free port; it prints
the port as its first line, and exits when its standard input is closed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator

from aisbench.children import child_command
from aisbench.simulator import referee_server
from aisbench.simulator.child import LocalServer, started

_BACKLOG = 4096


class RefereeProcess(LocalServer):
    """A running referee.

    `truth` has `requests`, `done`, `failed`, `tokens`, `peak_concurrency`, `arrival_rate` and `gap_cv`. It also has `ttft`, `itl`,
    `tpot` and `e2e`, and `ttft_wire` and `e2e_wire` (from the kernel's timestamp of the request), each with n, mean_ms,
    p50_ms, p90_ms, p99_ms and max_ms.
    """

    def fail(self, way: str, every: int) -> None:
        """Makes each `every`th request fail from now on; `way`: reset, http-500 or http-429 in place of its answer;
        cut (a reset), stall, malformed, error-event or cut-chunk half-way through it; good ends it.

        The figures of `truth` are those of the requests that do not fail.
        """
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", f"/fail/{way}/{every}")
            if connection.getresponse().status != 200:
                raise ValueError(f"the referee knows no way to fail named {way!r}")


@contextlib.contextmanager
def start_referee(
    *, ttft_us: int, itl_us: int, tokens: int, cpu: int | None = None
) -> Iterator[RefereeProcess]:
    """Starts a referee on a free port; it ends with the block or with this process.

    `cpu`: the core to pin it to; None: no pinning. Raises CannotRun when it does not start.
    """
    command = child_command("aisbench.simulator.referee", 0, ttft_us, itl_us, tokens)
    with started("referee", command) as child:
        if cpu is not None:
            os.sched_setaffinity(child.process.pid, {cpu})
        yield RefereeProcess(child.port)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    port, ttft_us, itl_us, tokens = map(int, sys.argv[1:])
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.setblocking(False)
        # Before the port is printed, because a client may connect as soon as it reads the port.
        listener.listen(_BACKLOG)
        try:
            os.write(sys.stdout.fileno(), b"%d\n" % listener.getsockname()[1])
        except BrokenPipeError:
            # The parent process ended meanwhile.
            return
        referee_server.serve(listener.fileno(), 0, ttft_us, itl_us, tokens)


if __name__ == "__main__":
    main()
