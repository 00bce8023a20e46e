"""Sockets are bound to the requested address, or the error says why not."""

from __future__ import annotations

import socket

import pytest

from aisbench.listening import bound


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        ("127.0.0.1", socket.AF_UNSPEC, "127.0.0.1"),
        ("localhost", socket.AF_INET, "127.0.0.1"),
        (None, socket.AF_INET, "0.0.0.0"),
    ],
)
def test_where_it_is_bound(host: str | None, family: socket.AddressFamily, address: str) -> None:
    with bound(host, 0, family) as listening:
        assert listening.getsockname()[0] == address
        assert listening.getsockname()[1] > 0
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1


def test_a_taken_port_an_address_of_another_host_and_an_unknown_host() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            bound("127.0.0.1", taken.getsockname()[1])
    with bound("127.0.0.1", 0) as waiting, bound("127.0.0.1", waiting.getsockname()[1], backlog=1) as first:
        with pytest.raises(OSError, match="in use"):
            waiting.listen()
        with pytest.raises(OSError, match="in use"):
            bound("127.0.0.1", first.getsockname()[1], backlog=1)
    with pytest.raises(OSError, match="Cannot assign"):
        bound("192.0.2.1", 0)
    with pytest.raises(socket.gaierror):
        bound("no such host", 0)
