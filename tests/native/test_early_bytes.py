"""Bytes of a server that come before the request was sent."""

from __future__ import annotations

import pytest

from tests.fuzz.targets.conversation import GOOD
from tests.fuzz.targets.exchange import CASES
from tests.fuzz.wire import Wire

pytestmark = pytest.mark.usefixtures("each_reader")


@pytest.mark.parametrize("sent", [GOOD, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
def test_they_do_not_answer_it(sent: bytes) -> None:
    """A first token before the send would have a negative latency."""
    # While one socket asks for stamps, the kernel stamps what all sockets get; it begins some time after the first asked.
    other = Wire(**CASES[0])
    while other.drive.live["reads_stamped"] == 0:
        asking = other.asked()
        assert asking.request()
        other.answer(asking, [GOOD])
    wire = Wire(**CASES[0])
    first = wire.greet(sent)
    wire.finish(0)
    row = wire.row(0)
    kind, words = wire.failure(row)
    assert (kind, words) == ("bad_http", b"bytes came before the request was sent, so they do not answer it")
    assert row["first_byte_ns"] == 0
    while not first.closed:
        wire.turn()
    # The next request has a connection of its own, and its answer counts.
    peer = wire.asked()
    assert peer.request()
    assert wire.failure(wire.row(wire.answer(peer, [GOOD]))) == ("", b"")
    wire.close()
    other.close()
