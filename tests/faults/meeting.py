"""Runs the compiled core against a server with one fault."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.backends.openai_chat import CHAT
from tests.backends.reading import rules_of
from tests.faults.certificates import NAME, trusting
from tests.faults.fault import OK, Fault, When
from tests.faults.server import FAULTY, Server
from tests.native.servers import Drive

COUNT = 9
# With two servers, every second ticket goes to the other one.
_ELSEWHERE = tuple(range(1, COUNT, 2))


@dataclass
class Met:
    """What came of a run. `kept`: for each faulty ticket, whether its connection was."""

    rows: np.ndarray
    failures: dict[int, tuple[str, bytes]]
    faulty: tuple[int, ...]
    kept: list[bool]
    live: np.void
    slots_back: int
    most: int

    def kind(self, ticket: int) -> str:
        """The error kind of a ticket, or ok."""
        return self.failures[ticket][0] if ticket in self.failures else "ok"


def meet(fault: Fault, folder: Path, reader: str = "auto") -> Met:
    """`COUNT` requests, of which `Met.faulty` get the fault."""
    server = Server(fault)
    by_ticket = fault.place is None and fault.when in (When.ANSWER, When.BEFORE_BODY)
    with fault.place() if fault.place is not None else contextlib.nullcontext() as other:
        arguments: dict[str, Any] = {
            "rules": rules_of(CHAT),
            "must_finish": True,
            # Without reuse, each request has a connection of its own, and so may meet the fault of one.
            "keep_alive": fault.when in (When.ANSWER, When.BEFORE_BODY),
            "reader": reader,
            "timeout_ns": 20_000_000_000,
            "others": () if other is None else (other,),
            **({"tls": trusting(), "server_name": NAME} if fault.tls else {}),
            **fault.drive,
        }
        drive = Drive(folder, server.address, count=COUNT, in_flight=fault.in_flight, **arguments)
        drive.run()
    failures = {
        ticket: (f"http_{status}" if kind == "http_status" else kind, detail)
        for ticket, kind, status, detail in drive.failures
    }
    if other is not None:
        faulty = _ELSEWHERE
    elif by_ticket:
        faulty = FAULTY
    else:
        # Which ticket gets which connection is up to the client; where none fails, it does not matter.
        faulty = FAULTY if fault.kind == OK else tuple(failures)
    while server.busy:
        drive.driver.on_wake()
    drive.driver.on_wake()
    kept = [server.kept(ticket) for ticket in faulty] if by_ticket else []
    drive.driver.cancel()
    server.finish()
    slots_back = 0
    while drive.slots.take():
        slots_back += 1
    return Met(drive.rows(COUNT), failures, faulty, kept, drive.live, slots_back, server.most)
