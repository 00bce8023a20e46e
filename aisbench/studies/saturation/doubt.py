"""How far a search's figures can be trusted: the client's status at the loads that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aisbench.analysis.verdict.verdict import RANK


def clients(found: Mapping[str, Any]) -> dict[float, str]:
    """The client's worst status at each load: valid, doubtful or invalid."""
    worst: dict[float, str] = {}
    for step in found["steps"]:
        worst[step["load"]] = _worse(worst.get(step["load"], "valid"), step["client"])
    return worst


def _worse(*statuses: str) -> str:
    return max(statuses, key=RANK.__getitem__)


def doubts(found: Mapping[str, Any]) -> dict[str, str]:
    """The client's status at the loads that gave `max_load`, `knee` and `capacity` of a saturation.json."""
    at = clients(found)

    def behind(loads: Iterable[float]) -> str:
        return _worse("valid", *(at.get(load, "valid") for load in loads))

    points = found["points"]
    if found["over"] == "rate":
        brought = [p["load"] for p in points if (p["backlog"] or {}).get("grows")]
    else:
        brought = [max(points, key=lambda p: p["request_throughput"])["load"]] if points else []
    return {
        # Both ends of the bracket decided the answer; the search's verdict is about them.
        "max_load": found["verdict"]["status"],
        "knee": "valid" if found["knee"] is None else behind([found["knee"]]),
        "capacity": behind(brought),
    }
