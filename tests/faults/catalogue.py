"""All faults, by group. docs/reliability.md is made from this (tests/faults/table.py)."""

from __future__ import annotations

from tests.faults.fault import Fault
from tests.faults.groups import (
    connection,
    headers,
    http_framing,
    json,
    killed,
    proxy,
    restart,
    sse,
    status,
    tls,
    usage,
)

GROUPS: dict[str, tuple[Fault, ...]] = {
    "Connections": connection.FAULTS,
    "Servers that restart": restart.FAULTS,
    "Servers that are gone": killed.FAULTS,
    "TLS": tls.FAULTS,
    "Proxies and gateways": proxy.FAULTS,
    "HTTP framing": http_framing.FAULTS,
    "Headers": headers.FAULTS,
    "Statuses": status.FAULTS,
    "Event streams": sse.FAULTS,
    "JSON": json.FAULTS,
    "Usage": usage.FAULTS,
}
