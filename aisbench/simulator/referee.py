"""The referee in a process of its own: what a client reports is held against what it knows to be true.

    python -m aisbench.simulator.referee PORT TTFT_US ITL_US TOKENS

Unlike the simulator it has no queue and no batch: each answer's first token comes TTFT_US after its
request, the others ITL_US apart, TOKENS in all unless the request asks for another number. Its port is
its first line (PORT 0: a free one), and the end of its standard input is its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from typing import Any

from aisbench.children import child_command, child_environment, last_words
from aisbench.errors import CannotRun
from aisbench.simulator import referee_server

STOP_TIMEOUT_S = 5.0
BACKLOG = 4096


class RefereeProcess:
    """A running referee."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forgets what happened so far."""
        self.get("/reset")

    def truth(self) -> dict[str, Any]:
        """What happened since the last reset: `requests`, `done`, `tokens`, `peak_concurrency`, `arrival_rate`,
        `gap_cv`, and `ttft`, `ttft_wire` (from the kernel's stamp of the request), `itl`, `e2e`, each with
        n, mean_ms, p50_ms, p90_ms, p99_ms and max_ms."""
        truth: dict[str, Any] = json.loads(self.get("/truth"))
        return truth

    def get(self, path: str) -> bytes:
        answer: bytes = urllib.request.urlopen(f"{self.url}{path}", timeout=STOP_TIMEOUT_S).read()
        return answer


@contextlib.contextmanager
def start_referee(
    *, ttft_us: int, itl_us: int, tokens: int, cpu: int | None = None
) -> Iterator[RefereeProcess]:
    """Starts a referee on a free port; it ends with the block, or with this process.

    `cpu`: the only one that it runs on. None: where the kernel puts it. Raises CannotRun when it does not start.
    """
    command = child_command("aisbench.simulator.referee", 0, ttft_us, itl_us, tokens)
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=child_environment(),
            start_new_session=True,
        )
        with ended(process):
            assert process.stdout is not None
            if cpu is not None:
                # One that has ended already says why below.
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(process.pid, {cpu})
            port = process.stdout.readline()
            if not port:
                code = process.wait()
                errors.seek(0)
                said = last_words(errors.read()) or f"exit code {code}"
                raise CannotRun(f"the referee did not start: {said}")
            yield RefereeProcess(int(port))


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """The process ends with the block."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    port, ttft_us, itl_us, tokens = map(int, sys.argv[1:])
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.setblocking(False)
        # Before the port is told: whoever knows it may connect at once.
        listener.listen(BACKLOG)
        try:
            os.write(sys.stdout.fileno(), b"%d\n" % listener.getsockname()[1])
        except BrokenPipeError:
            # Who started it was stopped meanwhile.
            return
        referee_server.serve(listener.fileno(), 0, ttft_us, itl_us, tokens)


if __name__ == "__main__":
    main()
