"""The referee in a process of its own: what a client reports is compared with what it knows to be true.

    python -m aisbench.simulator.referee PORT TTFT_US ITL_US TOKENS

Unlike the simulator it has no queue and no batch: each answer's first token comes TTFT_US after its
request, the others ITL_US apart, TOKENS in all unless the request asks for another number. Its port is
its first line (PORT 0: a free one), and the end of its standard input is its end.
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

    Its truth: `requests`, `done`, `tokens`, `peak_concurrency`, `arrival_rate`, `gap_cv`, and `ttft`, `ttft_wire` (from
    the kernel's stamp of the request), `itl`, `e2e`, each with n, mean_ms, p50_ms, p90_ms, p99_ms and max_ms.
    """


@contextlib.contextmanager
def start_referee(
    *, ttft_us: int, itl_us: int, tokens: int, cpu: int | None = None
) -> Iterator[RefereeProcess]:
    """Starts a referee on a free port; it ends with the block, or with this process.

    `cpu`: the only one that it runs on. None: where the kernel puts it. Raises CannotRun when it does not start.
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
        # Before the port is told: whoever knows it may connect at once.
        listener.listen(_BACKLOG)
        try:
            os.write(sys.stdout.fileno(), b"%d\n" % listener.getsockname()[1])
        except BrokenPipeError:
            # Who started it was stopped meanwhile.
            return
        referee_server.serve(listener.fileno(), 0, ttft_us, itl_us, tokens)


if __name__ == "__main__":
    main()
