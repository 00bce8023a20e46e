"""The simulator in a child process: the default target, and a server for tests."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator

from aisbench.children import child_command
from aisbench.simulator.child import CONTROL_TIMEOUT_S, Child, LocalServer, started


class SimulatorProcess(LocalServer):
    """A running simulator, on a port or on the Unix socket `uds`; `tls`: it uses https."""

    def __init__(self, child: Child, uds: str | None, tls: bool) -> None:
        super().__init__(child.port)
        self.child = child
        self.uds = uds
        self.tls = tls

    @property
    def url(self) -> str:
        """The base URL. With a Unix socket, its host is only the value of the Host header."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://localhost" if self.uds else f"{scheme}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.child.process.pid

    def connect(self) -> http.client.HTTPConnection:
        """Opens a connection for the server's pages. Does not verify its certificate."""
        connection = super().connect()
        if self.uds is None and not self.tls:
            return connection
        if self.uds is None:
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=CONTROL_TIMEOUT_S)
        else:
            plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            plain.settimeout(CONTROL_TIMEOUT_S)
            plain.connect(self.uds)
        connection.sock = _unverified().wrap_socket(plain) if self.tls else plain
        return connection

    def stop(self) -> int:
        """Ends the process if it still runs, and returns its exit code."""
        return self.child.stop()


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def start_simulator(
    args: list[str], *, uds: str | None = None, tls: tuple[str, str] | None = None
) -> Iterator[SimulatorProcess]:
    """Starts `aisbench simulate` with `args` on a free port; it ends with the block or with this process.

    `uds`: listen on this Unix socket instead. `tls`: the files of a certificate and its key, for https.
    Raises BadInput with the simulator's message when it rejects `args`, CannotRun when it does not start.
    """
    command = child_command("aisbench", *simulate_command(args, uds, tls))
    with started("simulator", command, announce_option="--announce") as child:
        yield SimulatorProcess(child, uds, tls is not None)


def simulate_command(args: list[str], uds: str | None, tls: tuple[str, str] | None) -> list[str]:
    """`simulate` and its options, for a simulator that ends with its standard input; the arguments are `start_simulator`'s."""
    command = ["simulate", "--port", "0", *args]
    command += ["--uds", uds] if uds else []
    command += ["--tls-cert", tls[0], "--tls-key", tls[1]] if tls else []
    return [*command, "--lifeline", "0"]
