"""Faults of name resolution."""

from __future__ import annotations

import socket

import pytest

from aisbench.config.run_config import RunConfig
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import packed_address, resolve
from aisbench.errors import BadInput, CannotRun
from tests.faults.groups.dns import GOES_ON, LOOKUPS, REFUSED, Lookup


@pytest.mark.parametrize("lookup", LOOKUPS, ids=lambda lookup: lookup.name)
def test_a_name_is_refused_before_the_start_or_leads_to_an_address_that_accepts(
    lookup: Lookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def fake(host: str, *args: object, **more: object) -> object:
        if host != "server.example":
            return real(host, *args, **more)  # type: ignore[arg-type]
        if isinstance(lookup.gives, Exception):
            raise lookup.gives
        return lookup.gives

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        url = f"http://server.example:{port}"
        if lookup.outcome == GOES_ON:
            assert resolve(url, Transport.of(RunConfig())).sockaddr == packed_address("127.0.0.1", port)
        else:
            with pytest.raises(BadInput if lookup.outcome == REFUSED else CannotRun) as refusal:
                resolve(url, Transport.of(RunConfig()))
            assert "--url" in str(refusal.value)
            assert lookup.says in str(refusal.value)
            assert "\n" not in str(refusal.value)
