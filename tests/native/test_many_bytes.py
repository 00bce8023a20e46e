"""More bytes at once than the reader has room for."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from tests.native.servers import DONE, HEAD, Drive, read_request, serving, token

pytestmark = pytest.mark.usefixtures("each_reader")

TOGETHER, TOKENS = 24, 2500
# 0.6 MB, of which the kernel keeps what is not read yet.
ANSWER = HEAD + token("x" * 190) * TOKENS + DONE


def test_answers_that_come_all_at_once_are_read_to_their_ends(tmp_path: Path) -> None:
    """Each is more than a reader's buffers, of which io_uring has 4 MB for all sockets, begun with 0.5 MB."""
    all_asked = threading.Barrier(TOGETHER)

    def answer(client: socket.socket, _: int) -> None:
        read_request(client)
        all_asked.wait(30)
        client.sendall(ANSWER)
        client.recv(1)

    with serving(answer) as address:
        case = Drive(tmp_path, address, count=TOGETHER, in_flight=TOGETHER)
        rows = case.run()
    assert rows["status"].tolist() == [1] * TOGETHER, case.failures
    assert rows["events"].tolist() == [TOKENS] * TOGETHER
    assert rows["bytes_received"].tolist() == [len(ANSWER)] * TOGETHER
    assert case.driver.in_flight == 0
