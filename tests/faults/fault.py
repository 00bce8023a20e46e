"""A fault: what a server does wrong, and what the client must make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.faults.peer import Step

OK = "ok"
# What is recorded of a good answer: three tokens, and the server's own counts.
GOOD_COUNTS: Mapping[str, int] = {"content_events": 3, "prompt_tokens": 9, "output_tokens": 3}


class When(Enum):
    """What the steps take the place of."""

    ANSWER = "an answer"
    BEFORE_BODY = "an answer, before the request's body is read"
    ACCEPT = "all that happens on a connection"
    TUNNEL = "a proxy's answer to CONNECT"


@dataclass(frozen=True)
class Fault:
    """`steps` are what the server does for a faulty request.

    `kind`: the error kind, or OK; a choice, if the kernel decides, is written `a or b`. `says`: a part of the error
    message. `counts`: columns of the row of a request that is OK. `kept`: the connection is used again.
    `place`: opens another server, which gets every second request, and yields its packed sockaddr; `then` is the kind of
    its second request and all later ones. `drive`: more arguments of the drive.
    """

    name: str
    steps: tuple[Step, ...] = ()
    kind: str = OK
    says: bytes = b""
    counts: Mapping[str, int] = field(default_factory=lambda: GOOD_COUNTS)
    kept: bool = False
    when: When = When.ANSWER
    place: Callable[[], AbstractContextManager[bytes]] | None = None
    then: str = ""
    in_flight: int = 3
    tls: bool = False
    drive: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.kind.split(" or "))


def fine(
    name: str, *steps: Step, kept: bool = True, tls: bool = False, in_flight: int = 3, **counts: Any
) -> Fault:
    """An oddity that is not a failure; `counts` are those that differ from a good answer's."""
    return Fault(name, steps, counts={**GOOD_COUNTS, **counts}, kept=kept, tls=tls, in_flight=in_flight)


def broken(name: str, kind: str, says: bytes, *steps: Step, **more: Any) -> Fault:
    """A fault that fails its request with `kind` and a message that has `says`."""
    return Fault(name, steps, kind, says, **more)


def waits(name: str, *steps: Step, drive: Mapping[str, Any] | None = None, **more: Any) -> Fault:
    """A fault that only the time-out ends."""
    short = {"timeout_ns": 250_000_000, **(drive or {})}
    return Fault(name, steps, "timeout", b"--timeout", drive=short, **more)
