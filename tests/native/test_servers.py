"""What the tests of the core keep open: thousands of drives in one session would use up all file descriptors."""

from __future__ import annotations

import gc
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.native.servers import DONE, HEAD, Drive, read_request, serving, token


@pytest.fixture
def _no_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def open_in(folder: Path) -> list[str]:
    """The files in `folder` that this process has open."""
    names = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            names.append(os.readlink(f"/proc/self/fd/{fd}"))
        except FileNotFoundError:
            # Of the listing itself, or of another thread.
            continue
    return [name for name in names if name.startswith(str(folder))]


@pytest.mark.usefixtures("_no_collection")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(HEAD + token() + DONE, id="its connection is idle"),
        pytest.param(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", id="its requests failed"),
    ],
)
def test_a_drive_closes_all_once_nothing_refers_to_it(answer: bytes, tmp_path: Path) -> None:
    closed = threading.Event()

    def handle(client: socket.socket, number: int) -> None:
        while read_request(client):
            client.sendall(answer)
        closed.set()

    with serving(handle) as address:
        drive = Drive(tmp_path, address, count=2)
        drive.run()
        assert open_in(tmp_path)
        assert not closed.is_set()
        del drive
        assert open_in(tmp_path) == []
        assert closed.wait(30.0)
