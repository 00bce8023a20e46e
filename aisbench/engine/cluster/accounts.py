"""What run.json keeps of the nodes of a run and of their workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aisbench.engine.cluster.member import Member


def accounts(members: Sequence[Member], ends: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    """run.json's `workers`, `host` and `nodes`. `ends`: by rank, what each node said at its end; lost ones said nothing."""
    workers: list[dict[str, Any]] = []
    for member in members:
        end = ends.get(member.rank)
        workers += _lost_workers(member) if end is None else _workers(member, end["workers"])
    hosts = {rank: end["host"] for rank, end in ends.items()}
    return {
        "workers": workers,
        "host": _together([*hosts.values()]),
        "nodes": [_about(member, hosts.get(member.rank, {})) for member in members],
    }


def _workers(member: Member, figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **one,
            "worker": member.first + one["worker"],
            "node": member.rank,
            "died_ns": one["died_ns"] and one["died_ns"] - member.clock.offset_ns,
        }
        for one in figures
    ]


def _lost_workers(member: Member) -> list[dict[str, Any]]:
    return [
        {
            "worker": member.first + worker,
            "pid": None,
            "died": f"its {member.dead}",
            "died_ns": member.lost_ns,
            "lost": True,
            "node": member.rank,
        }
        for worker in range(member.workers)
    ]


def _together(hosts: list[dict[str, Any]]) -> dict[str, Any]:
    """run.json's `host` for several: all CPUs, the stolen time of all, and the worst throttling."""
    return {
        "cpus": sum(host["cpus"] for host in hosts),
        "steal_ns": sum(host["steal_ns"] for host in hosts),
        "throttled_ns": max((host["throttled_ns"] for host in hosts), default=0),
        "kernel": ", ".join(sorted({host["kernel"] for host in hosts})),
    }


def _about(member: Member, host: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "node": member.rank,
        "host": member.about.host,
        "address": member.about.address,
        "kernel": member.about.kernel,
        "cpus": member.about.cpus,
        "workers": member.workers,
        "first_worker": member.first,
        # Without those that a lost node had begun.
        "tickets": max(-1, member.share.tickets - member.share.begun),
        "taken": member.taken - member.share.begun,
        "clock_offset_ns": member.clock.offset_ns,
        "clock_error_ns": member.clock.error_ns,
        "clock_drift": member.clock.drift,
        "steal_ns": host.get("steal_ns"),
        "throttled_ns": host.get("throttled_ns"),
        "lost": member.lost,
    }
