"""Names that the resolver does not know, or that lead nowhere. They are looked up once, before the first request."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

REFUSED = "refused before the start, exit code 2"
NOBODY = "refused before the start, exit code 1"
GOES_ON = "ok"

_V6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 1, 0, 0))


def _v4(address: str) -> Any:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))


@dataclass(frozen=True)
class Lookup:
    """`gives`: what the resolver returns, or raises. `says`: a part of the error line."""

    name: str
    gives: list[Any] | Exception
    outcome: str
    says: str = ""


LOOKUPS: tuple[Lookup, ...] = (
    Lookup(
        "a name that does not exist", socket.gaierror(socket.EAI_NONAME, "not known"), REFUSED, "not known"
    ),
    Lookup(
        "a name without an address", socket.gaierror(socket.EAI_NODATA, "no address"), REFUSED, "no address"
    ),
    Lookup(
        "a resolver that does not answer",
        socket.gaierror(socket.EAI_AGAIN, "try again"),
        REFUSED,
        "try again",
    ),
    Lookup("a resolver that fails", socket.gaierror(socket.EAI_FAIL, "failure"), REFUSED, "failure"),
    Lookup("a name with a label of 64 letters", UnicodeError("label too long"), REFUSED, "label too long"),
    Lookup("no address in the resolver's answer", [], NOBODY, "no address"),
    Lookup("one address, which refuses", [_v4("127.0.0.2")], NOBODY, "refused"),
    Lookup("several addresses, all of which refuse", [_v4("127.0.0.2"), _v4("127.0.0.3")], NOBODY, "refused"),
    Lookup("several addresses, the last of which is good", [_v4("127.0.0.2"), _v4("127.0.0.1")], GOES_ON),
    Lookup("IPv6 first, where the server listens on IPv4", [_V6, _v4("127.0.0.1")], GOES_ON),
    Lookup("the same address three times", [_v4("127.0.0.1")] * 3, GOES_ON),
)
